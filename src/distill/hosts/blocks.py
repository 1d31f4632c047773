"""The decoder's ConvNeXt blocks on a stream, with as many frames of the future as are wanted.

A block needs three frames after the one that it gives. The outputs that have them all are final:
each is computed once, and kept. With a shorter look-ahead, the blocks go on from there as if the
sound ended at the newest frame. Those outputs, the tail, are computed anew for every frame.

Offsets count code frames from the newest one, which has offset 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.layers import KERNEL, ConvNeXtBlock

REACH = KERNEL // 2
"""Code frames that a convolution reaches to either side."""

PAST = KERNEL - 1
"""Code frames that a block keeps between two calls."""


class Norm(nn.Module):
    """`nn.LayerNorm` of a codec."""

    weight: Tensor
    bias: Tensor

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.size = norm.normalized_shape[0]
        self.eps = norm.eps
        self.register_buffer("weight", norm.weight.detach())
        self.register_buffer("bias", norm.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """`[..., size]` to `[..., size]`."""
        return F.layer_norm(x, [self.size], self.weight, self.bias, self.eps)


class Affine(nn.Module):
    """`nn.Linear` of a codec; several have their outputs one after the other.

    Args:
        layers: The layers.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, *layers: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", torch.cat([layer.weight.detach() for layer in layers]))
        self.register_buffer("bias", torch.cat([layer.bias.detach() for layer in layers]))

    def forward(self, x: Tensor) -> Tensor:
        """`[..., in_features]` to `[..., out_features]`."""
        return F.linear(x, self.weight, self.bias)


class StreamBlock(nn.Module):
    """A block on a stream.

    Args:
        block: The block of the codec.
        number: Its number, from 1.
        blocks: Number of blocks.
        ahead: Code frames that the decoder looks ahead.
    """

    kernel: Tensor
    kernel_bias: Tensor
    scale: Tensor

    def __init__(self, block: ConvNeXtBlock, number: int, blocks: int, ahead: int) -> None:
        super().__init__()
        self.dim = len(block.scale)
        # Compiled methods know no constants of the module.
        self.reach = REACH
        self.past = PAST
        # Final outputs end at this offset, and inputs that are final REACH frames later.
        self.delay = number * REACH
        # Later blocks need these frames around the one that is decoded, and no others.
        spread = (blocks - number) * REACH
        self.first = max(1 - self.delay, -ahead - spread)
        last = min(0, spread - ahead)
        self.tail_frames = max(0, last - self.first + 1)
        # The frames under the first output of the tail that are final.
        self.final_frames = max(0, (REACH - self.delay) - (self.first - REACH) + 1)
        self.frames_after_end = max(0, last + REACH)
        self.register_buffer("kernel", block.depthwise.weight.detach()[:, :, 0].clone())
        bias = block.depthwise.bias
        assert bias is not None
        self.register_buffer("kernel_bias", bias.detach())
        self.norm = Norm(block.norm)
        self.expand = Affine(block.expand)
        self.project = Affine(block.project)
        self.register_buffer("scale", block.scale.detach())

    def forward(
        self, x: Tensor, past: Tensor, tail: Tensor, newest: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Go on by `T` frames.

        Args:
            x: Final inputs `[B, T, dim]`.
            past: The `PAST` final inputs before them, `[B, PAST, dim]`.
            tail: Inputs `[B * T, t, dim]` after the final ones, as they are at each frame.
            newest: Position `[T]` of the newest frame at each frame.

        Returns:
            Final outputs `[B, T, dim]`, the last `PAST` inputs, and the tail of the outputs.
        """
        whole = torch.cat((past, x), 1)
        outputs = self.outputs(whole)
        is_there = newest >= self.delay
        # Frames before the beginning are padding, which is zero.
        outputs = outputs * is_there[:, None].to(outputs.dtype)
        later_tail = tail[:, :0]
        if self.tail_frames > 0:
            later_tail = self.tail(whole, tail, newest)
        return outputs, whole[:, x.shape[1] :], later_tail

    def tail(self, whole: Tensor, tail: Tensor, newest: Tensor) -> Tensor:
        """Outputs `[B * T, tail_frames, dim]` that are not final yet, as they are at each frame.

        Args:
            whole: Final inputs `[B, T + PAST, dim]`.
            tail: As for `forward`.
            newest: As for `forward`.
        """
        # What is final at each frame: the inputs up to it.
        windows = whole.unfold(1, self.past + 1, 1).permute(0, 1, 3, 2).flatten(0, 1)
        final = windows[:, self.past + 1 - self.final_frames :]
        end = torch.zeros(tail.shape[0], self.frames_after_end, self.dim).to(tail)
        outputs = self.outputs(torch.cat((final, tail, end), 1))
        offsets = self.first + torch.arange(self.tail_frames, device=newest.device)
        is_there = newest[:, None] + offsets >= 0
        # Streams have their frames one after the other.
        mask = is_there.repeat(whole.shape[0], 1).to(outputs.dtype)
        return outputs * mask[:, :, None]

    def outputs(self, x: Tensor) -> Tensor:
        """Outputs `[..., T, dim]` of inputs `[..., T + PAST, dim]`."""
        y = F.conv1d(x.transpose(1, 2), self.kernel, self.kernel_bias, groups=self.dim)
        inner = F.gelu(self.expand(self.norm(y.transpose(1, 2))))
        centre = x[:, self.reach : x.shape[1] - self.reach]
        return centre + self.scale * self.project(inner)
