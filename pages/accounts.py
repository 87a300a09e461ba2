"""Accounts."""

from ui import account_admin

account_admin.show()
