"""The app: `streamlit run app.py`.

Streamlit runs this file twice: once imported as the module `app`, for the server with its own routes and background
jobs, and then as `__main__`, for every drawing of a page.
"""

import streamlit as st

if __name__ == "__main__":
    from ui import frame

    frame.run()
else:
    from functools import partial

    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    import server
    from server.announcing import url_of
    from server.gate import Gate
    from ui.trouble import on_script_error

    # or else a link straight to a page, the first after a start, is drawn without the frame: Streamlit's older way of pages
    PagesManager.uses_pages_directory = False
    routes = server.routes(st.get_option("server.address"))

    def _url() -> str:
        """Asked late: Streamlit takes another port where its own is in use."""
        options = (st.get_option(f"server.{name}") for name in ("address", "port", "sslCertFile"))
        return url_of(*options)

    lifespan = partial(server.lifespan, url=_url)
    app = st.App(__file__, lifespan=lifespan, routes=routes, middleware=[Middleware(Gate)], on_script_error=on_script_error)
