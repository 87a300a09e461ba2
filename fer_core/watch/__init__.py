"""Live cameras at work: what a camera sees becomes messages, and messages reach the app once each, in order.

    worker.Watch(address, link, engines, box)   reads one camera and hands over what it sees
    plan.Plan                                   what is to be done with the camera, from the app
    message.Sighting, message.Count             the messages: somebody who may be recognised, and a number
    outbox.Outbox(folder)                       messages that wait for the app, encrypted on the disk
    link.HttpLink(server, token, …)             the app at an address
    day.settled(…)                              a store's sightings since the morning → its day, as films would give it

A template is in a message only until the store's day is settled: the outbox unlinks what was taken, and its key with it.
Nothing is imported here, for the app's start needs the messages without the engine.
"""
