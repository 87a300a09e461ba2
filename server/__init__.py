"""What the app's process holds besides pages: the open database, background jobs, uploads, routes. No streamlit here.

app = st.App(__file__, lifespan=server.lifespan, routes=server.routes())
"""

from server.lifespan import lifespan
from server.routes import routes

__all__ = ["lifespan", "routes"]
