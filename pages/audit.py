"""Audit."""

from ui import audit_log

audit_log.show()
