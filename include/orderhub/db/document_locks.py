"""The locks on documents and promises, so that everybody takes documents first and stock after.

Not for leases (`orderhub.db.leases`): those are held by passes, these by single transactions.
"""

from sqlalchemy import text

#: For whoever ends documents or fixes a manifest's: whoever comes second sees the first's work.
LOCK_DOCUMENTS = text("lock table core.fulfillment_orders in share row exclusive mode")
#: For whoever writes documents or posts what left of them: behind the others, beside one another.
DOCUMENTS_FIRST = text("lock table core.fulfillment_orders, core.reservations in row exclusive mode")
#: For whoever fixes manifests beside one another: nobody else ends or writes documents meanwhile. Promises
#: stand still, which closings only read; documents they write themselves.
CLOSE_BESIDE = text("""
    lock table core.fulfillment_orders in row exclusive mode;
    lock table core.reservations in share mode""")
#: Before that: cut-offs of one warehouse list what is due there, whoever closes them, one after the other.
TURN_OF_WAREHOUSE = text("select pg_advisory_xact_lock(hashtextextended('close:' || :warehouse_id, 0))")
