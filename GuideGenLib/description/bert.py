"""The network of the text encoder, BERT (Devlin et al., arXiv 1810.04805), on weights under their published names.

Written here because loading it through transformers took two of the three seconds before a run and 150 MB of memory.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.nn import functional as nnf

Config = Mapping[str, Any]


class Bert:
    """Token numbers int64 [n] of one text to states float32 [n, hidden_size].

    config: that of the weights, config.json; weights: by name. Raises KeyError where one is missing, ValueError for
    another activation than is used here.
    """

    def __init__(self, config: Config, weights: Mapping[str, Tensor]) -> None:
        if config["hidden_act"] != "gelu":
            raise ValueError(f"activation {config['hidden_act']!r} is not gelu")
        self.heads, self.epsilon = config["num_attention_heads"], config["layer_norm_eps"]
        self.layers = range(config["num_hidden_layers"])
        self.weights = {name: weights[name].float() for name in _names(config)}

    def __call__(self, tokens: Tensor) -> Tensor:
        word, place, kind = (
            self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        states = self._normed("embeddings", nnf.embedding(tokens, word) + kind[0] + place[: len(tokens)])
        for layer in self.layers:
            states = self._layer(f"encoder.layer.{layer}", states)
        return states

    def _layer(self, name: str, states: Tensor) -> Tensor:
        """Self-attention and two dense layers for each token, each added to what it reads and normed."""
        attended = self._dense(f"{name}.attention.output", self._attended(f"{name}.attention.self", states))
        states = self._normed(f"{name}.attention.output", attended + states)
        made = self._dense(f"{name}.output", nnf.gelu(self._dense(f"{name}.intermediate", states)))
        return self._normed(f"{name}.output", made + states)

    def _attended(self, name: str, states: Tensor) -> Tensor:
        query, key, value = (
            self._linear(f"{name}.{part}", states).unflatten(-1, (self.heads, -1)).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        share = (query @ key.transpose(1, 2) * query.shape[-1] ** -0.5).softmax(dim=-1)
        return (share @ value).transpose(0, 1).flatten(1)

    def _dense(self, name: str, states: Tensor) -> Tensor:
        return self._linear(f"{name}.dense", states)

    def _linear(self, name: str, states: Tensor) -> Tensor:
        return nnf.linear(states, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _normed(self, name: str, states: Tensor) -> Tensor:
        weight, bias = (self.weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return nnf.layer_norm(states, weight.shape, weight, bias, self.epsilon)


def _names(config: Config) -> list[str]:
    """Of the weights that are used: the pooled state is not."""
    parts = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
             "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm")  # fmt: skip
    layers = [f"encoder.layer.{i}.{part}" for i in range(config["num_hidden_layers"]) for part in parts]
    tables = [f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")]
    return tables + [f"{name}.{kind}" for name in ("embeddings.LayerNorm", *layers) for kind in ("weight", "bias")]
