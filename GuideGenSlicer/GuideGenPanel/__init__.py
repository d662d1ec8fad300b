"""The panel of the GuideGen module: one class a file. It wires and shows; what computes is in GuideGenLib."""
