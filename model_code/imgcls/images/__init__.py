"""Images: decoding, orientation, resizing and cropping; the same for training and for serving."""
