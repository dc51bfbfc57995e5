"""What people are told: mails built from counts and ids."""
