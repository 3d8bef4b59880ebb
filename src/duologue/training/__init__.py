"""Training the Generator from its own run: data sets, LoRA adapters, exports. Torch and its kin are loaded when needed."""
