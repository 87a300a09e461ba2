"""Live cameras: addresses, the picture of this moment, and how each camera is.

    address_of(text)                 RTSP, HTTP, a device number, or a film played in real time
    Camera(address, settings)        reads it in a thread of its own, again and again until it is closed
    Camera.next(timeout_s)           the newest picture that was not taken yet
    Camera.health()                  how it is, in numbers and one sentence

A camera that is late gives fewer pictures, never older ones. What goes wrong is told as one sentence without the password of
its address, and tried again after growing pauses.
"""

from fer_core.cameras.address import Address, address_of
from fer_core.cameras.camera import Camera, Picture
from fer_core.cameras.health import Health

__all__ = ["Address", "Camera", "Health", "Picture", "address_of"]
