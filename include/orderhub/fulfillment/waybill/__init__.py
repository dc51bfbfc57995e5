"""Waybill numbers and labels from a waybill service, for warehouses without a system of their own."""
