"""A small studio: it paints pictures, works on photos, animates and composes, all of it offline and repeatable."""

from botflight_service.provider.studio.studio import Maker, Studio, seed
from botflight_service.provider.studio.unmakeable import Unmakeable

__all__ = ["Maker", "Studio", "Unmakeable", "seed"]
