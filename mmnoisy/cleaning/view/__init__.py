"""A page to look at cleaned labels with the pictures beside them."""
