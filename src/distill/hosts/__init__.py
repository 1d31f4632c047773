"""Models as files for other programs: what musicians' hosts and browsers open.

The networks are written again as graphs of plain tensor operations, which TorchScript takes. They
share their weights with the codec and give its sound, a stated number of samples later.
"""
