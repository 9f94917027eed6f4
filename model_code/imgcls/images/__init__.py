"""Pictures: decoding, orientation, resizing and cropping; the same at training and at serving."""
