"""Your account."""

from ui import account_page

account_page.show()
