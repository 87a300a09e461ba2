"""The app: `streamlit run app.py`.

Streamlit runs this file twice: once imported as the module `app`, for the server with its own routes and background
jobs, and then as `__main__`, for every drawing of a page.
"""

import streamlit as st

if __name__ == "__main__":
    from ui import frame

    frame.run()
else:
    from streamlit.runtime.pages_manager import PagesManager

    import server
    from ui.trouble import on_script_error

    # or else a link straight to a page, the first after a start, is drawn without the frame: Streamlit's older way of pages
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, lifespan=server.lifespan, routes=server.routes(), on_script_error=on_script_error)
