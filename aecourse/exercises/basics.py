"""Lesson 01: the gradient of an output layer, counting parameters, a loss for categories."""

import numpy as np
import torch
import torch.nn.functional as F

from aecourse.exercises.checks import Exercise, Mistake

# Output gradient ----------------------------------------------------------------------------


def output_gradient(H, W, b, X):
    X_hat = np.tanh(H @ W + b)
    delta = 2 / X.size * (X_hat - X) * (1 - X_hat**2)
    return H.T @ delta, delta.sum(axis=0)


def gradient(delta):
    """A wrong implementation: ``delta(Z, Y, X)`` is the gradient at the pre-activation Z."""

    def wrong(H, W, b, X):
        Z = H @ W + b
        d = delta(Z, np.tanh(Z), X)
        return H.T @ d, d.sum(axis=0)

    return wrong


def right_delta(H, W, b, X):
    Y = np.tanh(H @ W + b)
    return 2 / X.size * (Y - X) * (1 - Y**2)


def through_sigmoid(H, W, b, X, slope):
    """A wrong implementation: the output goes through a sigmoid in place of a tanh."""
    Y = 1 / (1 + np.exp(-(H @ W + b)))
    d = 2 / X.size * (Y - X) * slope(Y)
    return H.T @ d, d.sum(axis=0)


def without_bias(H, W, b, X):
    return output_gradient(H, W, 0 * b, X)


def layer(seed, rows, hidden, features):
    draw = np.random.default_rng(seed).normal
    return (draw(size=(rows, hidden)), draw(size=(hidden, features)) * 0.7,
            draw(size=features) * 0.5, draw(size=(rows, features)))


OUTPUT_GRADIENT = Exercise(
    name="output gradient",
    right=output_gradient,
    returns=("dL/dW", "dL/db"),
    probes={
        "7 rows, 3 hidden units and 5 features": layer(1, 7, 3, 5),
        "4 rows, 6 hidden units and 3 features": layer(2, 4, 6, 3),
    },
    mistakes=[
        Mistake(
            "The derivative of tanh is missing. The loss depends on W only through tanh, so the "
            "chain rule multiplies the error by the slope of tanh at each entry.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X)),
        ),
        Mistake(
            "The slope of tanh is taken in the wrong variable. One minus the square is right, but "
            "of the output of tanh: not of what goes into it, and not of a second tanh.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) * (1 - Z**2)),
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) * (1 - np.tanh(Y) ** 2)),
        ),
        Mistake(
            "The slope of tanh is taken at the target. The loss sees the output through tanh, and "
            "the output is not the target yet: one minus the square of the output.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) * (1 - X**2)),
        ),
        Mistake(
            "The slope used is that of the sigmoid. This layer has a tanh, whose slope is another "
            "function of its output.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) * Y * (1 - Y)),
        ),
        Mistake(
            "The output is that of a sigmoid. This layer has a tanh, which runs from −1 to 1, and "
            "with it another slope.",
            lambda *a: through_sigmoid(*a, lambda Y: Y * (1 - Y)),
            lambda *a: through_sigmoid(*a, lambda Y: 1 - Y**2),
        ),
        Mistake(
            "This is the gradient of the mean absolute error, or close to it: the sign of the "
            "error, or its size, stands where the error itself belongs.",
            gradient(lambda Z, Y, X: 1 / X.size * np.sign(Y - X) * (1 - Y**2)),
            gradient(lambda Z, Y, X: 2 / X.size * np.sign(Y - X) * (1 - Y**2)),
            gradient(lambda Z, Y, X: 2 / X.size * np.abs(Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The slope of tanh has lost its square: differentiate tanh once more on paper.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) * (1 - Y)),
        ),
        Mistake(
            "A factor of 2 is missing: it comes from differentiating the square.",
            gradient(lambda Z, Y, X: 1 / X.size * (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The error is divided by the number of rows only. This loss, like PyTorch's MSELoss, "
            "is a mean over all entries, rows times features.",
            gradient(lambda Z, Y, X: 2 / len(X) * (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The error is divided by the number of rows only, and the 2 from the square is "
            "missing. The loss is a mean over all entries, rows times features.",
            gradient(lambda Z, Y, X: 1 / len(X) * (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The error is divided by the number of features only. The loss is a mean over all "
            "entries, rows times features.",
            gradient(lambda Z, Y, X: 2 / X.shape[1] * (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The mean is missing: this is the gradient of the sum of squared errors. The loss is "
            "a mean over all entries, so its gradient has their number below it.",
            gradient(lambda Z, Y, X: 2 * (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "This is the gradient of half the sum of squared errors, a common definition but not "
            "this one. Here the loss is a plain mean: it has a 2 from the square, and a count.",
            gradient(lambda Z, Y, X: (Y - X) * (1 - Y**2)),
        ),
        Mistake(
            "The sign is reversed. The error is output minus target; with target minus output a "
            "descent step climbs.",
            gradient(lambda Z, Y, X: 2 / X.size * (X - Y) * (1 - Y**2)),
        ),
        Mistake(
            "The output is computed without its tanh, and so is the gradient: that is a linear "
            "layer. Apply tanh first.",
            gradient(lambda Z, Y, X: 2 / X.size * (Z - X)),
        ),
        Mistake(
            "The output is computed without its tanh. The slope is in place, but the error should "
            "compare the target with tanh of the pre-activation.",
            gradient(lambda Z, Y, X: 2 / X.size * (Z - X) * (1 - Y**2)),
            gradient(lambda Z, Y, X: 2 / X.size * (Z - X) * (1 - Z**2)),
        ),
        Mistake(
            "The bias b is left out when the output is computed.",
            without_bias,
        ),
        Mistake(
            "The error is still squared. The derivative of a square is twice what was squared, "
            "with its sign.",
            gradient(lambda Z, Y, X: 2 / X.size * (Y - X) ** 2 * (1 - Y**2)),
            gradient(lambda Z, Y, X: 1 / X.size * (Y - X) ** 2 * (1 - Y**2)),
        ),
        Mistake(
            "The sign is reversed, and the 2 from the square is missing. The error is output minus "
            "target, and differentiating its square doubles it.",
            gradient(lambda Z, Y, X: 1 / X.size * (X - Y) * (1 - Y**2)),
        ),
        Mistake(
            "dL/dW is transposed. It must have the shape of W, hidden units times features: which "
            "of the two matrices is transposed in the product?",
            lambda *a: (right_delta(*a).T @ a[0], right_delta(*a).sum(axis=0)),
        ),
        Mistake(
            "dL/dW is built from the target X. A weight's gradient is built from what the weight "
            "multiplies: the hidden units H.",
            lambda *a: (a[3].T @ right_delta(*a), right_delta(*a).sum(axis=0)),
        ),
        Mistake(
            "In place of dL/dW stands the gradient of the hidden units H. That is what goes on to "
            "the layer below; for this layer's weights multiply with H instead of W.",
            lambda *a: (right_delta(*a) @ a[1].T, right_delta(*a).sum(axis=0)),
        ),
        Mistake(
            "dL/db is summed over the wrong axis. The bias is shared by all rows, so their "
            "contributions add up, and one number remains per feature.",
            lambda *a: (a[0].T @ right_delta(*a), right_delta(*a).sum(axis=1)),
        ),
        Mistake(
            "dL/db is averaged over the rows. The mean of the loss is already in the error; here "
            "the contributions of the rows add up, as they do in dL/dW.",
            lambda *a: (a[0].T @ right_delta(*a), right_delta(*a).mean(axis=0)),
        ),
        Mistake(
            "dL/db still has a row per example. The bias is shared by all rows: add up their "
            "contributions.",
            lambda *a: (a[0].T @ right_delta(*a), right_delta(*a)),
        ),
        Mistake(
            "dL/db is summed over everything. Each feature has a bias of its own: one number per "
            "feature should remain.",
            lambda *a: (a[0].T @ right_delta(*a), right_delta(*a).sum()),
        ),
        Mistake(
            "dL/dW is divided by the number of rows once more. The mean of the loss is already in "
            "the error.",
            lambda *a: (a[0].T @ right_delta(*a) / len(a[0]), right_delta(*a).sum(axis=0)),
            lambda *a: (a[0].T @ right_delta(*a) / len(a[0]), right_delta(*a).mean(axis=0)),
        ),
        Mistake(
            "The two gradients are in the wrong order: dL/dW first, then dL/db.",
            lambda *a: output_gradient(*a)[::-1],
        ),
    ],
    insight="Every other layer's gradient starts from this one: the error, times the slope, sent "
    "back through the transposed weights.",
)

# Parameter count ----------------------------------------------------------------------------


def parameter_count(sizes):
    return sum(m * n + n for m, n in zip(sizes[:-1], sizes[1:]))


def parameter_count_by_index(sizes):
    total = 0
    for i in range(len(sizes) - 1):
        total += sizes[i] * sizes[i + 1] + sizes[i + 1]
    return total


def pairs(sizes):
    return list(zip(sizes[:-1], sizes[1:]))


PARAMETER_COUNT = Exercise(
    name="parameter count",
    right=parameter_count,
    probes={
        "the sizes 4, 4, 2, 4, 4": ([4, 4, 2, 4, 4],),
        "the sizes 784, 128, 32, 128, 784": ([784, 128, 32, 128, 784],),
        "an encoder alone, 784, 128, 32": ([784, 128, 32],),
        "a single layer, 17, 3": ([17, 3],),
    },
    written_out=(parameter_count_by_index,),
    tolerance=0,  # a count is exact
    hints={
        "IndexError": "A list of n sizes has n - 1 layers, one between each pair of neighbours. "
        "After the last size there is no next one.",
    },
    mistakes=[
        Mistake(
            "The biases are forgotten: 4-4-2-4-4 has 48 weights, but 62 parameters. Each unit that "
            "a layer puts out has a bias.",
            lambda sizes: sum(a * b for a, b in pairs(sizes)),
        ),
        Mistake(
            "The biases are counted at the wrong end of each layer. A bias belongs to a unit that "
            "the layer puts out. In an autoencoder the two counts agree, because it ends as wide "
            "as it begins; try an encoder alone.",
            lambda sizes: sum(a * (b + 1) for a, b in pairs(sizes)),
        ),
        Mistake(
            "The input is given biases. It is data: nothing is computed there, so it has none.",
            lambda sizes: parameter_count(sizes) + sizes[0],
        ),
        Mistake(
            "Each layer is given a single bias. Each unit that a layer puts out has its own.",
            lambda sizes: sum(a * b + 1 for a, b in pairs(sizes)),
            lambda sizes: sum(a * b for a, b in pairs(sizes)) + len(sizes),
        ),
        Mistake(
            "The whole net is given a single bias. Each unit that a layer puts out has its own.",
            lambda sizes: sum(a * b for a, b in pairs(sizes)) + 1,
        ),
        Mistake(
            "Only the first layer is counted. Does the return stand inside the loop? Then it ends "
            "the loop in its first turn.",
            lambda sizes: parameter_count(sizes[:2]),
            lambda sizes: sizes[0] * sizes[1],
        ),
        Mistake(
            "Only the last layer is counted. Each turn of the loop replaces the total of the turns "
            "before: add to it.",
            lambda sizes: parameter_count(sizes[-2:]),
            lambda sizes: sizes[-2] * sizes[-1],
        ),
        Mistake(
            "Each size is paired with itself. A layer leads from one size to the next.",
            lambda sizes: sum((a + 1) * a for a in sizes[:-1]),
            lambda sizes: sum((a + 1) * a for a in sizes),
            lambda sizes: sum((a + 1) * a for a in sizes[1:]),
        ),
        Mistake(
            "Both ends of each layer are given biases. Only the units that it puts out have one.",
            lambda sizes: sum(a * b + a + b for a, b in pairs(sizes)),
        ),
        Mistake(
            "Of the biases only those of the last layer are counted. Are they added after the loop "
            "and not in each of its turns?",
            lambda sizes: sum(a * b for a, b in pairs(sizes)) + sizes[-1],
        ),
        Mistake(
            "One layer too many: the output is connected back to the input. In Python, index -1 is "
            "the last entry, so a loop that starts at 0 and looks one back wraps round.",
            lambda sizes: parameter_count([*sizes, sizes[0]]),
            lambda sizes: parameter_count([*sizes, sizes[0]]) - sizes[0] + sizes[-1],
            lambda sizes: sum(a * b for a, b in pairs([*sizes, sizes[0]])),
        ),
        Mistake(
            "The loop wraps round: its first turn connects the output back to the input, and the "
            "last layer is never reached. In Python, index -1 is the last entry. Start at 1, or "
            "look one ahead in place of one back.",
            lambda sizes: parameter_count([sizes[-1], *sizes[:-1]]),
            lambda sizes: sum(a * (b + 1) for a, b in pairs([sizes[-1], *sizes[:-1]])),
            lambda sizes: sum(a * b for a, b in pairs([sizes[-1], *sizes[:-1]])),
        ),
        Mistake(
            "The last layer is missed. A list of n sizes has n - 1 layers, one between each pair "
            "of neighbours; the loop stops one short.",
            lambda sizes: parameter_count(sizes[:-1]),
        ),
        Mistake(
            "The first layer is missed. A list of n sizes has n - 1 layers, one between each pair "
            "of neighbours; the loop starts one late.",
            lambda sizes: parameter_count(sizes[1:]),
        ),
        Mistake(
            "The weights of the last layer are counted but not its biases. Outputs have biases "
            "too.",
            lambda sizes: parameter_count(sizes) - sizes[-1],
        ),
        Mistake(
            "These are units, not parameters. Parameters sit on the connections, one for each pair "
            "of an input and an output of a layer, and there is a bias per output.",
            lambda sizes: sum(sizes),
            lambda sizes: sum(sizes[1:]),
        ),
        Mistake(
            "The sizes are multiplied through the whole net. Weights connect neighbouring layers "
            "only: multiply pairs, and add the products.",
            lambda sizes: int(np.prod(sizes)),
        ),
        Mistake(
            "One is added on both sides of each layer. The extra input is the bias; an extra "
            "output does not exist.",
            lambda sizes: sum((a + 1) * (b + 1) for a, b in pairs(sizes)),
        ),
        Mistake(
            "These are layers, not parameters.",
            lambda sizes: len(sizes),
            lambda sizes: len(sizes) - 1,
        ),
    ],
    insight="Compare it with the number of values in the training set: a net with more parameters "
    "than that has every chance to learn the rows by heart.",
)

# Loss for categories ------------------------------------------------------------------------


def category_loss(logits, classes):
    return F.cross_entropy(logits, classes, reduction="none")


def category_loss_by_hand(logits, classes):
    return torch.logsumexp(logits, 1) - logits[torch.arange(len(logits)), classes]


def category_loss_by_softmax(logits, classes):
    p = torch.exp(logits) / torch.exp(logits).sum(1, keepdim=True)
    return -torch.log(p[torch.arange(len(p)), classes])


def category_loss_by_product(logits, classes):
    target = F.one_hot(classes, logits.shape[1])
    return -(target * torch.log_softmax(logits, 1)).sum(1)


def one_hot(logits, classes):
    return F.one_hot(classes, logits.shape[1]).to(logits.dtype)


def square(logits, classes):
    return (logits.softmax(1) - one_hot(logits, classes)) ** 2


def raw_square(logits, classes):
    return (logits - one_hot(logits, classes)) ** 2


def costs(logits):
    """Minus the log-probability of each category, (B, k)."""
    return -logits.log_softmax(1)


def binary(logits, classes):
    return F.binary_cross_entropy_with_logits(logits, one_hot(logits, classes), reduction="none")


def others_too(logits, classes):
    return F.binary_cross_entropy(logits.softmax(1), one_hot(logits, classes), reduction="none")


def pick(values, classes):
    return values.gather(1, classes[:, None])[:, 0]


def rows_of_logits(seed, rows, categories, scale=1.5):
    random = np.random.default_rng(seed)
    return (torch.tensor(random.normal(size=(rows, categories)) * scale),
            torch.tensor(random.integers(categories, size=rows)))


CATEGORY_LOSS = Exercise(
    name="loss for categories",
    right=category_loss,
    written_out=(category_loss_by_hand, category_loss_by_softmax, category_loss_by_product),
    probes={
        "6 rows of 4 categories": rows_of_logits(3, 6, 4),
        "5 rows of 7 categories": rows_of_logits(4, 5, 7),
        "logits in the thousands": rows_of_logits(5, 4, 3, scale=4000),
    },
    mistakes=[
        Mistake(
            "This is a squared error. It treats probabilities as lengths: a confident wrong "
            "category costs little more than an unsure one, and its gradient all but vanishes. "
            "For categories use the negative logarithm of the probability given to the true one.",
            lambda z, c: square(z, c).sum(1),
            lambda z, c: square(z, c).mean(1),
            lambda z, c: square(z, c).mean(),
            lambda z, c: square(z, c).sum(),
            square,
        ),
        Mistake(
            "This is a squared error between logits and ones and zeros. Logits are not "
            "probabilities, and squared error is no loss for categories: use the negative "
            "logarithm of the probability given to the true one.",
            lambda z, c: raw_square(z, c).sum(1),
            lambda z, c: raw_square(z, c).mean(1),
            lambda z, c: raw_square(z, c).mean(),
            lambda z, c: raw_square(z, c).sum(),
            raw_square,
        ),
        Mistake(
            "The numbers of the categories are subtracted. They are names, not quantities: "
            "category 3 is no nearer to 2 than to 0.",
            lambda z, c: (z.argmax(1) - c) ** 2,
            lambda z, c: ((z.argmax(1) - c) ** 2).double().mean(),
            lambda z, c: (z.argmax(1) - c).abs(),
        ),
        Mistake(
            "This counts right or wrong categories. A count has no gradient, so a net cannot learn "
            "from it: use the probability given to the true category.",
            lambda z, c: z.argmax(1) != c,
            lambda z, c: (z.argmax(1) != c).double().mean(),
            lambda z, c: z.argmax(1) == c,
            lambda z, c: (z.argmax(1) == c).double().mean(),
        ),
        Mistake(
            "The loss is averaged over the rows. One value per row is asked for: only so can you "
            "see which rows are hard.",
            lambda z, c: F.cross_entropy(z, c),
        ),
        Mistake(
            "The loss is summed over the rows. One value per row is asked for: only so can you "
            "see which rows are hard.",
            lambda z, c: F.cross_entropy(z, c, reduction="sum"),
        ),
        Mistake(
            "Softmax is applied twice. PyTorch's cross_entropy takes logits and has the softmax "
            "inside; given probabilities it squashes them again, and the loss cannot reach 0.",
            lambda z, c: F.cross_entropy(z.softmax(1), c, reduction="none"),
        ),
        Mistake(
            "Softmax is applied twice, and the rows are averaged. PyTorch's cross_entropy takes "
            "logits, and has an argument that says how the rows are put together.",
            lambda z, c: F.cross_entropy(z.softmax(1), c),
        ),
        Mistake(
            "The sign is missing: the logarithm of a probability is negative, and a loss should "
            "fall to 0 when the net is right.",
            lambda z, c: pick(z.log_softmax(1), c),
        ),
        Mistake(
            "This is the probability of the true category. The loss is its negative logarithm, "
            "which is 0 at certainty and grows without bound.",
            lambda z, c: pick(z.softmax(1), c),
            lambda z, c: -pick(z.softmax(1), c),
            lambda z, c: -pick(z.softmax(1), c).mean(),
            lambda z, c: 1 - pick(z.softmax(1), c),
        ),
        Mistake(
            "The softmax runs over the rows. The categories of one row must add up to 1: which "
            "axis is that?",
            lambda z, c: -pick(z.log_softmax(0), c),
        ),
        Mistake(
            "The softmax runs over the whole table. The categories of one row must add up to 1, "
            "whatever the other rows are: give it one axis.",
            lambda z, c: z.logsumexp((0, 1)) - pick(z, c),
        ),
        Mistake(
            "The logarithm has base 2, so this is in bits. The loss is asked for in nats: they use "
            "the natural logarithm.",
            lambda z, c: category_loss(z, c) / np.log(2),
        ),
        Mistake(
            "The logarithm has base 10. The loss is asked for in nats: they use the natural "
            "logarithm.",
            lambda z, c: category_loss(z, c) / np.log(10),
        ),
        Mistake(
            "All categories are charged for. Only one of them is the true one: in each row, pick "
            "what its probability costs and leave out the others.",
            lambda z, c: costs(z),
            lambda z, c: -costs(z),
            lambda z, c: costs(z).sum(1),
            lambda z, c: costs(z).mean(1),
            lambda z, c: costs(z).mean(),
        ),
        Mistake(
            "There is still a column for each category, although all but the true one are 0. One "
            "value per row is asked for: add up over the categories.",
            lambda z, c: costs(z) * one_hot(z, c),
            lambda z, c: -costs(z) * one_hot(z, c),
        ),
        Mistake(
            "Every row is paired with the category of every row, which gives a square table. Each "
            "row has a category of its own: z[torch.arange(len(z)), c] takes them in step.",
            lambda z, c: costs(z)[:, c],
            lambda z, c: -costs(z)[:, c],
            lambda z, c: -z[:, c],
            lambda z, c: z.softmax(1)[:, c],
            lambda z, c: z.logsumexp(1) - z[:, c],
            lambda z, c: costs(z)[:, c].mean(),
        ),
        Mistake(
            "This is the cost of the category that the net prefers. The loss asks what probability "
            "the true one got, preferred or not.",
            lambda z, c: costs(z).min(1).values,
        ),
        Mistake(
            "The softmax is missing: this is the logit of the true category with its sign "
            "reversed. Turn logits into log-probabilities first; PyTorch's nll_loss expects them.",
            lambda z, c: -pick(z, c),
            lambda z, c: -pick(z, c).mean(),
        ),
        Mistake(
            "Each category is treated as a yes-or-no question of its own. Here exactly one is "
            "true, so the probabilities compete: softmax, not a sigmoid for each.",
            lambda z, c: binary(z, c).sum(1),
            lambda z, c: binary(z, c).mean(1),
            lambda z, c: binary(z, c).mean(),
            binary,
        ),
        Mistake(
            "The wrong categories are charged for, and the true one is not. Ones and zeros have "
            "changed places: the true category has the 1.",
            lambda z, c: (costs(z) * (1 - one_hot(z, c))).sum(1),
            lambda z, c: (costs(z) * (1 - one_hot(z, c))).mean(1),
        ),
        Mistake(
            "Only the ones are charged for, and each through a sigmoid of its own. A sigmoid knows "
            "nothing of the other logits: the categories compete, so use the softmax.",
            lambda z, c: -F.logsigmoid(pick(z, c)),
            lambda z, c: -(F.logsigmoid(z) * one_hot(z, c)).mean(1),
        ),
        Mistake(
            "The other categories are charged for as well. Their probabilities add up to what the "
            "true one lacks, so its own logarithm says it all.",
            lambda z, c: others_too(z, c).sum(1),
            lambda z, c: others_too(z, c).mean(1),
            lambda z, c: others_too(z, c).mean(),
            others_too,
        ),
        Mistake(
            "This is the cost of all categories but the true one together: 1 minus its probability "
            "stands in the logarithm.",
            lambda z, c: -torch.log(1 - pick(z.softmax(1), c)),
        ),
        Mistake(
            "This is the entropy of the prediction: how unsure the net is. The loss asks only "
            "what probability the true category got.",
            lambda z, c: torch.special.entr(z.softmax(1)).sum(1),
        ),
        Mistake(
            "The loss is divided by the number of categories. Only the true one contributes; "
            "the others are not averaged in.",
            lambda z, c: category_loss(z, c) / z.shape[1],
        ),
    ],
    extreme={
        "logits in the thousands": "The formula is right, and logits in the thousands break it: "
        "exp overflows, or a probability is rounded to 0 before the logarithm, and no small number "
        "added to it mends that. Take softmax and logarithm in one step.",
    },
    hints={
        "IndexError": "A single index picks rows. Each row has a category of its own: index rows "
        "and columns together.",
        "class probabilities": "Ones and zeros count as probabilities here, which are not whole "
        "numbers. The numbers of the categories will do.",
        "must match the size of tensor": "The classes are one number per row, and the logits a row "
        "of k. Turn the classes into rows of ones and zeros, or use them as an index.",
    },
    insight="Guessing among k categories costs log k: a net above that has learned less than "
    "nothing.",
)

EXERCISES = [OUTPUT_GRADIENT, PARAMETER_COUNT, CATEGORY_LOSS]
