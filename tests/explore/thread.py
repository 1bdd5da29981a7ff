"""Whoever imports this has a second thread."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
