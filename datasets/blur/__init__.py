"""Forward models of blur: Gaussian, camera shake and defocus."""
