"""A trained model as a folder, checked before anything of it is used."""

from GuideGenLib.bundle.reading import DEFAULT, Bundle, BundleError, check_encoder, labels_hash, load_bundle
from GuideGenLib.bundle.writing import write_bundle

__all__ = ["DEFAULT", "Bundle", "BundleError", "check_encoder", "labels_hash", "load_bundle", "write_bundle"]
