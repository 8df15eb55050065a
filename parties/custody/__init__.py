"""What follows a reception: its sealed attributes in the prison service's submission, the daily feed of its events, and what a desk learns from it."""
