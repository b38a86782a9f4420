"""What of people and of texts reaches the warehouse, and how somebody is taken out of it again."""
