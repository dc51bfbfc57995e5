"""Waybill services: Cainiao's shape through TOP, Kuaidi100's electronic labels; one ledger."""
