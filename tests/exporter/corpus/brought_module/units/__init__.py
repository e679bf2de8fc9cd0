from .si import LITRE

__all__ = ["LITRE"]
