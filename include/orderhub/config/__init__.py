"""What the merchant owns: shops, warehouses, rules, alerts, mappings; read, checked, versioned."""
