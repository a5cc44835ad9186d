"""``python -m contraflow.inference.panels`` estimates both panels again and stores the results."""

from contraflow.inference.panels import FILE, recompute

recompute(progress=print)
print(f"written: {FILE}")
