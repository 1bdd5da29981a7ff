"""Values to what people and programs read: plain text, JSON, rich renderables."""
