"""The app: `streamlit run app.py`.

Streamlit runs this file twice: once imported as the module `app`, for the server with its own routes and background
jobs, and then as `__main__`, for every drawing of a page.
"""

import streamlit as st

if __name__ == "__main__":
    from ui import frame

    frame.run()
else:
    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    import server
    from server.gate import Gate
    from ui.trouble import on_script_error

    # or else a link straight to a page, the first after a start, is drawn without the frame: Streamlit's older way of pages
    PagesManager.uses_pages_directory = False
    routes = server.routes(st.get_option("server.address"))
    app = st.App(
        __file__, lifespan=server.lifespan, routes=routes, middleware=[Middleware(Gate)], on_script_error=on_script_error
    )
