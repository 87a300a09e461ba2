"""Everything that draws: the frame, the shared filters, charts, and the parts of the pages."""
