"""The two locks on core.fulfillment_orders, so that everybody takes documents first and stock after.

Not for leases (`orderhub.db.leases`): those are held by passes, these by single transactions.
"""

from sqlalchemy import text

#: For whoever ends documents or fixes a manifest's: whoever comes second sees the first's work.
LOCK_DOCUMENTS = text("lock table core.fulfillment_orders in share row exclusive mode")
#: For whoever writes documents or posts what left of them: behind those above, beside one another.
DOCUMENTS_FIRST = text("lock table core.fulfillment_orders in row exclusive mode")
