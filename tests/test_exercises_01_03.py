"""Exercises of lessons 01 to 03: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions. For each exercise there is an answer that is
right, the stub, the same answer with one thing changed per mistake, and answers in other styles.
"""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests, edited

RIGHT = {
    "output gradient": """
def answer(H, W, b, X):
    Y = np.tanh(H @ W + b)
    error = Y - X
    slope = 1 - Y**2
    delta = 2 * error * slope / X.size
    dW = H.T @ delta
    db = delta.sum(axis=0)
    return dW, db
""",
    "parameter count": """
def answer(sizes):
    total = 0
    for i in range(len(sizes) - 1):
        weights = sizes[i] * sizes[i + 1]
        biases = sizes[i + 1]
        total += weights + biases
    return total
""",
    "loss for categories": """
def answer(logits, classes):
    target = F.one_hot(classes, logits.shape[1]).double()
    log_p = torch.log_softmax(logits, dim=1)
    losses = -(target * log_p).sum(dim=1)
    return losses
""",
    "PCA reconstruction": """
def answer(train, test, k):
    mean = train.mean(axis=0)
    U, S, Vt = np.linalg.svd(train - mean)
    V = Vt[:k].T
    codes = (test - mean) @ V
    return codes @ V.T + mean
""",
    "sum to mean": """
def answer(batch_losses, batch_sizes, pixels):
    total = 0.0
    images = 0
    for loss, size in zip(batch_losses, batch_sizes):
        total += loss * size
        images += size
    return total / images / pixels
""",
    "floor of BCE": """
def answer(x):
    p = np.clip(x, 1e-12, 1 - 1e-12)
    ink = x * np.log(p)
    paper = (1 - x) * np.log(1 - np.clip(x, 0, 1 - 1e-12))
    return -(ink + paper).mean()
""",
    "scaler": """
def answer(train, test):
    mean = train.mean(axis=0)
    std = train.std(axis=0)
    a = (train - mean) / std
    b = (test - mean) / std
    return a, b
""",
    "imputation": """
def answer(train, test):
    means = np.nanmean(train, axis=0)
    filled = test.copy()
    for j in range(test.shape[1]):
        gaps = np.isnan(filled[:, j])
        filled[gaps, j] = means[j]
    return filled
""",
    "mixed loss": """
def answer(raw, real, binary, category):
    r, b = real.shape[1], binary.shape[1]
    x, y, z = raw[:, :r], raw[:, r:r + b], raw[:, r + b:]
    one = 0.5 * ((x - real) ** 2).sum(1)
    two = F.binary_cross_entropy_with_logits(y, binary, reduction="none").sum(1)
    three = F.cross_entropy(z, category, reduction="none")
    return one + two + three
""",
}

COLUMNS = """
    a, b = train.copy(), test.copy()
    for j in range(train.shape[1]):
        a[:, j] = (a[:, j] - mean[j]) / std[j]
        b[:, j] = (b[:, j] - mean[j]) / std[j]
    return a, b"""
BATCHES = """for i in range(len(batch_losses)):
        loss = batch_losses[i]
        size = batch_sizes[i]"""

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "output gradient": [
        ("The derivative of tanh is missing", "slope = 1 - Y**2", "slope = 1"),
        ("The slope of tanh is taken in the wrong", "1 - Y**2", "1 - (H @ W + b) ** 2"),
        ("The slope of tanh is taken in the wrong", "1 - Y**2", "1 - np.tanh(Y) ** 2"),
        ("The slope of tanh is taken at the target", "1 - Y**2", "1 - X**2"),
        ("The slope used is that of the sigmoid", "1 - Y**2", "Y * (1 - Y)"),
        ("The output is that of a sigmoid", "np.tanh(H @ W + b)", "1 / (1 + np.exp(-(H @ W + b)))",
         "1 - Y**2", "Y * (1 - Y)"),
        ("The output is that of a sigmoid", "np.tanh(H @ W + b)", "1 / (1 + np.exp(-(H @ W + b)))"),
        ("This is the gradient of the mean absolute", "2 * error", "np.sign(error)"),
        ("This is the gradient of the mean absolute", "2 * error", "2 * abs(error)"),
        ("The slope of tanh has lost its square", "1 - Y**2", "1 - Y"),
        ("A factor of 2 is missing", "2 * error * slope / X.size", "error * slope / X.size"),
        ("The error is divided by the number of rows only. This loss", "X.size", "X.shape[0]"),
        ("The error is divided by the number of rows only, and the 2",
         "2 * error * slope / X.size", "error * slope / len(H)"),
        ("The error is divided by the number of features only", "X.size", "X.shape[1]"),
        ("The mean is missing", " / X.size", ""),
        ("This is the gradient of half the sum", "2 * error * slope / X.size", "error * slope"),
        ("The sign is reversed. The error", "error = Y - X", "error = X - Y"),
        ("The output is computed without its tanh, and so", "np.tanh(H @ W + b)",
         "H @ W + b", "1 - Y**2", "1"),
        ("The output is computed without its tanh. The slope", "np.tanh(H @ W + b)", "H @ W + b"),
        ("The output is computed without its tanh. The slope", "error = Y - X",
         "error = H @ W + b - X"),
        ("The bias b is left out", "H @ W + b", "H @ W"),
        ("dL/dW is transposed", "H.T @ delta", "delta.T @ H"),
        ("The error is still squared", "error = Y - X", "error = (Y - X)**2"),
        ("The error is still squared", "2 * error", "(Y - X) * error"),
        ("The sign is reversed, and the 2", "2 * error * slope", "(X - Y) * slope"),
        ("dL/dW is built from the target", "H.T @ delta", "X.T @ delta"),
        ("In place of dL/dW", "H.T @ delta", "delta @ W.T"),
        ("dL/db is summed over the wrong axis", "sum(axis=0)", "sum(axis=1)"),
        ("dL/db is averaged over the rows", "delta.sum(axis=0)", "np.mean(delta, 0)"),
        ("dL/db still has a row per example", "delta.sum(axis=0)", "delta"),
        ("dL/db is summed over everything", "sum(axis=0)", "sum()"),
        ("dL/dW is divided by the number of rows once more", "H.T @ delta",
         "H.T @ delta / H.shape[0]"),
        ("The two gradients are in the wrong order", "return dW, db", "return db, dW"),
    ],
    "parameter count": [
        ("The biases are forgotten", "weights + biases", "weights"),
        ("The biases are counted at the wrong end", "biases = sizes[i + 1]", "biases = sizes[i]"),
        ("The input is given biases", "total = 0", "total = sizes[0]"),
        ("Each layer is given a single bias", "biases = sizes[i + 1]", "biases = 1"),
        ("One layer too many", "sizes[i + 1]", "sizes[i]", "sizes[i] * sizes[i]",
         "sizes[i - 1] * sizes[i]", "len(sizes) - 1", "len(sizes)"),
        ("One layer too many", "sizes[i] * sizes[i + 1]", "sizes[i - 1] * sizes[i]",
         "biases = sizes[i + 1]", "biases = sizes[i - 1]", "len(sizes) - 1", "len(sizes)"),
        ("One layer too many", "sizes[i + 1]", "sizes[i - len(sizes) + 1]", "weights + biases",
         "weights", "len(sizes) - 1", "len(sizes)"),
        ("The loop wraps round", "sizes[i] * sizes[i + 1]", "sizes[i - 1] * sizes[i]",
         "biases = sizes[i + 1]", "biases = sizes[i]"),
        ("The loop wraps round", "sizes[i] * sizes[i + 1]", "sizes[i - 1] * sizes[i]",
         "biases = sizes[i + 1]", "biases = sizes[i - 1]"),
        ("The loop wraps round", "sizes[i] * sizes[i + 1]", "sizes[i - 1] * sizes[i]",
         "weights + biases", "weights"),
        ("The last layer is missed", "len(sizes) - 1", "len(sizes) - 2"),
        ("The first layer is missed", "range(len", "range(1, len"),
        ("The weights of the last layer are counted", "return total", "return total - sizes[-1]"),
        ("These are units", "weights + biases", "biases"),
        ("These are units", "return total", "return sum(sizes)"),
        ("The sizes are multiplied through", "return total", "return np.prod(sizes)"),
        ("One is added on both sides", "sizes[i] * sizes[i + 1]",
         "(sizes[i] + 1) * (sizes[i + 1] + 1) - sizes[i + 1]"),
        ("These are layers", "weights + biases", "1"),
        ("Each layer is given a single bias", "weights + biases", "weights",
         "return total", "return total + len(sizes)"),
        ("The whole net is given a single bias", "weights + biases", "weights",
         "return total", "return total + 1"),
        ("Only the first layer", "    return total", "        return total"),
        ("Only the first layer", "biases = sizes[i + 1]", "biases = 0",
         "    return total", "        return total"),
        ("Only the last layer", "total += ", "total = "),
        ("Only the last layer", "total += weights + biases", "total = weights"),
        ("Both ends of each layer", "weights + biases", "weights + biases + sizes[i]"),
        ("Of the biases only those", "weights + biases", "weights", "return total",
         "return total + sizes[-1]"),
        ("Each size is paired with itself", "sizes[i + 1]", "sizes[i]"),
        ("Each size is paired with itself", "sizes[i + 1]", "sizes[i]", "(len(sizes) - 1)",
         "(len(sizes))"),
    ],
    "loss for categories": [
        ("This is a squared error. It", "-(target * log_p).sum(dim=1)",
         "F.mse_loss(torch.softmax(logits, 1), target)"),
        ("This is a squared error. It", "-(target * log_p).sum(dim=1)",
         "((torch.softmax(logits, 1) - target) ** 2).sum(1)"),
        ("This is a squared error. It", "-(target * log_p).sum(dim=1)",
         "((torch.softmax(logits, 1) - target) ** 2).mean(dim=1)"),
        ("This is a squared error between logits", "-(target * log_p).sum(dim=1)",
         "F.mse_loss(logits, target, reduction='none').mean(1)"),
        ("This is a squared error between logits", "-(target * log_p).sum(dim=1)",
         "F.mse_loss(logits, target)"),
        ("This is a squared error. It", "-(target * log_p).sum(dim=1)",
         "F.mse_loss(torch.softmax(logits, 1), target, reduction='none')"),
        ("This is a squared error between logits", "-(target * log_p).sum(dim=1)",
         "(logits - target) ** 2"),
        ("The numbers of the categories are subtracted", "-(target * log_p).sum(dim=1)",
         "F.mse_loss(logits.argmax(dim=1).float(), classes.float())"),
        ("The numbers of the categories are subtracted", "-(target * log_p).sum(dim=1)",
         "(logits.argmax(dim=1) - classes) ** 2"),
        ("This counts right or wrong", "-(target * log_p).sum(dim=1)",
         "(logits.argmax(dim=1) != classes).float()"),
        ("This counts right or wrong", "-(target * log_p).sum(dim=1)",
         "(logits.argmax(dim=1) == classes).float().mean()"),
        ("The loss is averaged over the rows", "return losses", "return losses.mean()"),
        ("The loss is summed over the rows", "sum(dim=1)", "sum()"),
        ("Softmax is applied twice. PyTorch", "log_softmax(logits",
         "log_softmax(torch.softmax(logits, dim=1)"),
        ("Softmax is applied twice, and the rows", "return losses",
         "return F.cross_entropy(logits.softmax(1), classes)"),
        ("The sign is missing", "-(target", "(target"),
        ("This is the probability of the true category", "torch.log_softmax", "torch.softmax"),
        ("This is the probability of the true category", "return losses",
         "return F.nll_loss(logits.softmax(1), classes)"),
        ("The softmax runs over the rows", "log_softmax(logits, dim=1)",
         "log_softmax(logits, dim=0)"),
        ("The softmax runs over the whole table", "torch.log_softmax(logits, dim=1)",
         "torch.log(torch.exp(logits) / torch.exp(logits).sum())"),
        ("The softmax runs over the whole table", "torch.log_softmax(logits, dim=1)",
         "logits - logits.logsumexp(dim=(0, 1))"),
        ("The logarithm has base 2", "torch.log_softmax(logits, dim=1)",
         "torch.log2(torch.softmax(logits, dim=1))"),
        ("The logarithm has base 2", "return losses", "return losses / np.log(2)"),
        ("The logarithm has base 10", "torch.log_softmax(logits, dim=1)",
         "torch.log10(torch.softmax(logits, dim=1) + 1e-9)"),
        ("All categories are charged for", "-(target * log_p).sum(dim=1)", "-log_p"),
        ("All categories are charged for", "target * log_p", "log_p"),
        ("All categories are charged for", "-(target * log_p).sum(dim=1)",
         "-torch.log(torch.softmax(logits, dim=1))"),
        ("There is still a column", ".sum(dim=1)", ""),
        ("There is still a column", "-(target * log_p).sum(dim=1)",
         "-torch.softmax(logits, dim=1).log() * target"),
        ("Every row is paired", "-(target * log_p).sum(dim=1)", "-log_p[:, classes]"),
        ("Every row is paired", "-(target * log_p).sum(dim=1)",
         "-torch.log(torch.softmax(logits, dim=1)[:, classes])"),
        ("Every row is paired", "-(target * log_p).sum(dim=1)",
         "torch.log(torch.exp(logits).sum(dim=1)) - logits[:, classes]"),
        ("This is the cost of the category that", "-(target * log_p).sum(dim=1)",
         "-log_p.max(dim=1).values"),
        ("The softmax is missing", "torch.log_softmax(logits, dim=1)", "logits"),
        ("The softmax is missing", "return losses",
         "return F.nll_loss(logits, classes, reduction='none')"),
        ("The softmax is missing", "return losses", "return F.nll_loss(logits, classes)"),
        ("Each category is treated", "return losses",
         "return F.binary_cross_entropy_with_logits(logits, target, reduction='none').sum(1)"),
        ("Each category is treated", "return losses",
         "return F.binary_cross_entropy_with_logits(logits, target)"),
        ("Each category is treated", "return losses",
         "return F.binary_cross_entropy_with_logits(logits, target, reduction='none')"),
        ("Only the ones are charged for", "-(target * log_p).sum(dim=1)",
         "-torch.log(torch.sigmoid(logits[torch.arange(len(logits)), classes]))"),
        ("Only the ones are charged for", "log_softmax(logits, dim=1)", "sigmoid(logits).log()"),
        ("Only the ones are charged for", "log_softmax(logits, dim=1)", "sigmoid(logits).log()",
         "sum(dim=1)", "mean(dim=1)"),
        ("The wrong categories are charged for", "(target *", "((1 - target) *"),
        ("The other categories are charged for", "return losses",
         "return F.binary_cross_entropy(logits.softmax(1), target, reduction='none').sum(1)"),
        ("This is the cost of all categories but", "torch.log_softmax(logits, dim=1)",
         "torch.log(1 - torch.softmax(logits, dim=1))"),
        ("This is the entropy of the prediction", "target * log_p", "log_p.exp() * log_p"),
        ("The loss is divided by the number of categories", ".sum(dim=1)", ".mean(dim=1)"),
        ("The formula is right, and logits in the thousands", "return losses", """
    p = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    return -torch.log(p[torch.arange(len(p)), classes])"""),
        ("The formula is right, and logits in the thousands", "return losses", """
    p = torch.softmax(logits, dim=1)
    return -torch.log(p[range(len(p)), classes])"""),
        ("The formula is right, and logits in the thousands", "torch.log_softmax(logits, dim=1)",
         "torch.log(torch.softmax(logits, dim=1) + 1e-8)"),
        ("The formula is right, and logits in the thousands", "torch.log_softmax(logits, dim=1)",
         "torch.log(torch.softmax(logits, dim=1).clamp(min=1e-12))"),
        ("The formula is right, and logits in the thousands", "torch.log_softmax(logits, dim=1)",
         "torch.log(torch.softmax(logits, dim=1))"),
    ],
    "PCA reconstruction": [
        ("The mean is not added back", "V.T + mean", "V.T"),
        ("The test rows are centred on their own mean", "return", "mean = test.mean(0)\n    return",
         "test - mean", "test - test.mean(0)"),
        ("Two different means are used", "test - mean", "test - test.mean(axis=0)"),
        ("Two different means are used", "V.T + mean", "V.T + np.mean(test, 0)"),
        ("Columns are taken for rows", "Vt[:k].T", "Vt[:, :k]"),
        ("Nothing is centred", "train.mean(axis=0)", "0"),
        ("The directions come from training rows that", "svd(train - mean)", "svd(train)"),
        ("The test rows are projected without", "test - mean", "test"),
        ("The test rows are projected without", "test - mean", "test", "V.T + mean", "V.T"),
        ("PCA is fitted on the test rows", "(train, test, k):",
         "(train, test, k):\n    train = test"),
        ("The directions come from the test rows", "svd(train - mean)",
         "svd(test - test.mean(0))"),
        ("The directions come from the test rows", "svd(train - mean)", "svd(test - mean)"),
        ("The directions come from the test rows", "svd(train - mean)", "svd(test)"),
        ("Rows of eigh's matrix", "Vt[:k].T",
         "np.linalg.eigh(np.cov((train - mean).T))[1][-k:].T"),
        ("Rows of eigh's matrix", "Vt[:k].T",
         "np.linalg.eigh((train - mean).T @ (train - mean))[1][:k].T"),
        ("Rows of eigh's matrix", "Vt[:k].T",
         "np.linalg.eigh(np.cov((train - mean).T))[1][:, ::-1][:k].T"),
        ("Rows of eigh's matrix", "Vt[:k].T",
         "np.linalg.eigh(np.cov((train - mean).T))[1][:, ::-1][-k:].T"),
        ("The features are standardised, and that", "mean = train.mean(axis=0)",
         "m, s = train.mean(0), train.std(0); train = (train - m) / s; test = (test - m) / s; "
         "mean = 0"),
        ("The features are standardised, and that", "mean = train.mean(axis=0)",
         "m, s = train.mean(0), train.std(0, ddof=1); train = (train - m) / s; "
         "test = (test - m) / s; mean = 0"),
        ("The features are standardised, and that", "mean = train.mean(axis=0)",
         "m, s = train.mean(0), train.std(0); train = (train - m) / s; test = (test - m) / s; "
         "mean = 0", "V.T + mean", "V.T + m"),
        ("The features are standardised, and that", "mean = train.mean(axis=0)",
         "m, s = train.mean(0), train.std(0); train = (train - m) / s; test = (test - m) / s; "
         "mean = 0", "V.T + mean", "V.T * s"),
        ("The codes are whitened", "(test - mean) @ V", "(test - mean) @ V / S[:k]"),
        ("The codes are whitened", "(test - mean) @ V",
         "(test - mean) @ V / (S[:k] / len(train) ** 0.5)"),
        ("The codes are whitened", "(test - mean) @ V",
         "(test - mean) @ V / np.sqrt(S[:k] ** 2 / (len(train) - 1))"),
        ("The codes are whitened", "(test - mean) @ V", "(test - mean) @ V / S[:k] ** 2"),
        ("The codes are multiplied by the singular", "(test - mean) @ V",
         "(test - mean) @ V * S[:k] ** 2 / len(train)"),
        ("This is what PCA leaves out", "codes @ V.T + mean", "test - codes @ V.T"),
        ("The rows are centred on the median", "train.mean(axis=0)", "np.median(train, axis=0)"),
        ("The features are divided by their standard", "svd(train - mean)",
         "svd((train - mean) / train.std(0))"),
        ("The features are divided by their standard", "Vt[:k].T",
         "np.linalg.eigh(np.corrcoef(train.T))[1][:, -k:]"),
        ("The strongest direction is left out", "Vt[:k]", "Vt[1:k + 1]"),
        ("The strongest direction is left out", "Vt[:k].T",
         "np.linalg.eigh(np.cov((train - mean).T))[1][:, -k - 1:-1]"),
        ("The features are scaled to the range", "mean = train.mean(axis=0)",
         "lo = train.min(0); w = train.max(0) - lo; train = (train - lo) / w; "
         "test = (test - lo) / w; mean = train.mean(axis=0)",
         "codes @ V.T + mean", "(codes @ V.T + mean) * w + lo"),
        ("The result is clipped", "codes @ V.T + mean", "(codes @ V.T + mean).clip(0, 1)"),
        ("The mean has the wrong sign", "V.T + mean", "V.T - mean"),
        ("The mean has the wrong sign", "test - mean", "test + mean"),
        ("This is the mean for every row", "codes @ V.T + mean", "0 * test + mean"),
        ("The test rows come back as they are", "codes @ V.T + mean", "test"),
        ("The test rows come back as they are", "codes @ V.T + mean", "test - mean"),
        ("These are the directions", "codes @ V.T + mean", "V"),
        ("These are the directions", "codes @ V.T + mean", "V.T"),
        ("Training and test rows are standardised, each", "mean = train.mean(axis=0)",
         "m, s = test.mean(0), test.std(0); train = (train - train.mean(0)) / train.std(0); "
         "test = (test - m) / s; mean = 0", "V.T + mean", "V.T * s + m"),
        ("PCA is fitted on training and test rows together", "(train, test, k):",
         "(train, test, k):\n    train = np.vstack([train, test])"),
        ("The training rows are reconstructed", "test - mean", "train - mean"),
        ("One direction too few", "Vt[:k]", "Vt[:k - 1]"),
        ("One direction too many", "Vt[:k]", "Vt[:k + 1]"),
        ("The k weakest directions", "Vt[:k]", "Vt[-k:]"),
        ("The k weakest directions", "V = Vt[:k].T",
         "V = np.linalg.eigh(np.cov((train - mean).T))[1][:, :k]"),
        ("These are the codes", "codes @ V.T + mean", "codes"),
        ("One mean for the whole table", "mean(axis=0)", "mean()"),
        ("Each row is centred on its own mean", "train.mean(axis=0)",
         "train.mean(axis=1)[:, None]", "V = ", "mean = test.mean(1)[:, None]\n    V = "),
        ("Each row is centred on its own mean", "svd(train - mean",
         "svd(train - train.mean(axis=1)[:, None]"),
        ("Only the first direction", "return codes @ V.T + mean", """
    result = np.zeros(test.shape)
    for i in range(k):
        result += np.outer(codes[:, i], V[:, i])
        return result + mean"""),
        ("Only the last of the k", "return codes @ V.T + mean", """
    for v in V.T:
        result = ((test - mean) @ v)[:, None] * v + mean
    return result"""),
        ("The mean is added once for each", "return codes @ V.T + mean", """
    result = 0
    for i in range(k):
        result += codes[:, i:i + 1] * V[:, i] + mean
    return result"""),
        ("The codes are multiplied by the singular", "(test - mean) @ V",
         "(test - mean) @ V * S[:k]"),
        ("This is the error", "return codes @ V.T + mean", "return test - (codes @ V.T + mean)"),
        ("This is the error", "return codes @ V.T + mean",
         "return ((codes @ V.T + mean - test) ** 2).mean()"),
        ("The features are divided by their standard", "mean = train.mean(axis=0)",
         "s = train.std(0); train = train / s; test = test / s; mean = train.mean(axis=0)",
         "codes @ V.T + mean", "(codes @ V.T + mean) * s"),
    ],
    "sum to mean": [
        ("This is the mean of the batch means. The", "return total / images",
         "return np.mean(batch_losses)"),
        ("Each loss is multiplied by its batch size", "total / images", "total / len(batch_sizes)"),
        ("This is the mean per image", "images / pixels", "images"),
        ("The number of pixels is on the wrong side", "images / pixels", "images * pixels"),
        ("The number of pixels is on the wrong side", "total / images / pixels",
         "pixels / (total / images)"),
        ("The batch sizes are forgotten", "return total / images", "return batch_losses.sum()"),
        ("The batch losses are taken for sums", "loss * size", "loss"),
        ("The batch losses are taken for sums", "loss * size", "loss / size", "total / images",
         "total / len(batch_losses)"),
        ("This is a sum over all images", " / images", ""),
        ("All batches are taken to be as large", "loss * size", "loss * batch_sizes[0]"),
        ("All batches are taken to be as large", "images += size", "images += batch_sizes[0]"),
        ("All batches are taken to be as large", "images += size", "images += 64"),
        ("It is divided by the root", "/ pixels", "/ pixels ** 0.5"),
        ("The result is rounded", "return total / images / pixels",
         "return int(total / images / pixels)"),
        ("The result is rounded", "total / images", "total // images"),
        ("The result is rounded", "total / images / pixels", "total // (images * pixels)"),
        ("The number of pixels is written as 784", "/ pixels", "/ 784"),
        ("This is a sum over images and pixels", "total / images / pixels", "total"),
        ("This is a sum over images and pixels", "loss * size", "loss",
         "total / images / pixels", "total"),
        ("The batch sizes are weighed twice", "loss * size", "loss * size * size"),
        ("The batch sizes are weighed twice", "loss * size", "loss * size**2", "images += size",
         "images += size**2"),
        ("This is the median", "total / images", "np.median(batch_losses)"),
        ("Only the last batch is reported", "total / images", "loss"),
        ("Only the last batch is reported", "+= loss", "= loss"),
        ("Only the last batch is reported", "+=", "="),
        ("Only the first batch is reported", "    return", "        return"),
        ("Only the first batch is reported", "    return", "        return", "images / pixels",
         "sum(batch_sizes) / pixels"),
        ("The images are not added up", "images += size", "images = size"),
        ("The last batch is missed", "zip(batch_losses,", "zip(batch_losses[:-1],"),
        ("The last batch is missed", "for loss, size in zip(batch_losses, batch_sizes):",
         BATCHES.replace("losses)", "losses) - 1"), "/ images", "/ sum(batch_sizes)"),
        ("The first batch is missed", "for loss, size in zip(batch_losses, batch_sizes):",
         BATCHES.replace("range(", "range(1, ")),
        ("There is still one value", "total / images", "batch_losses"),
        ("There is still one value", "total / images", "batch_losses * batch_sizes / images"),
        ("This is the mean of the batch means, per image", "total / images / pixels",
         "sum(batch_losses) / len(batch_losses)"),
        ("The number of pixels divides twice", "loss * size", "loss * size / pixels"),
        ("It is divided by the number of images and by", "total / images",
         "total / images / len(batch_losses)"),
    ],
    "floor of BCE": [
        ("The second term is missing", "(ink + paper)", "ink"),
        ("The first term is missing", "(ink + paper)", "paper"),
        ("The sign is missing", "-(ink", "(ink"),
        ("One of the two terms has the wrong sign", "(ink + paper)", "(ink - paper)"),
        ("One of the two terms has the wrong sign", "(ink + paper)", "(paper - ink)"),
        ("One of the two terms has the wrong sign", "return",
         "return np.mean((1-x)*np.log(1-x) - x*np.log(x)) #"),
        ("The factors have changed places", "x * np.log(p)", "(1 - x) * np.log(p)",
         "paper = (1 - x)", "paper = x"),
        ("The factors have changed places", "return",
         "return -np.mean(x*np.log(1-x) + (1-x)*np.log(x)) #"),
        ("The factors before the logarithms", "return",
         "return -np.mean(np.log(x) + np.log(1-x)) #"),
        ("The two terms are averaged", "mean()", "mean() / 2"),
        ("The pixels are rounded to black and white", "x * np.log(p)", "(x > 0.5) * np.log(p)",
         "paper = (1 - x)", "paper = (x <= 0.5)"),
        ("This is log 2, the cost", "return", "return np.log(2) #"),
        ("The pixels are taken for logits", "return",
         "y = torch.tensor(x); return F.binary_cross_entropy_with_logits(y, y) #"),
        ("The pixels are taken for logits", "return",
         "y = torch.tensor(x); return F.binary_cross_entropy(torch.sigmoid(y), y) #"),
        ("Brackets are missing", "(1 - x) * np.log", "1 - x * np.log"),
        ("Brackets are missing", "return",
         "return -np.mean(x*np.log(x) + 1 - x*np.log(1 - x)) #"),
        ("This is the median of the pixels", "-(ink + paper).mean()",
         "np.median(-(ink + paper))"),
        ("The entropy stands in an exponential", "-(ink + paper).mean()",
         "np.exp(-(ink + paper).mean())"),
        ("Pixels are kept so far from 0 and 1", "return",
         "return -(x*np.log(x + 1e-3) + (1-x)*np.log(1-x + 1e-3)).mean() #"),
        ("The logarithm has base 2", "np.log(", "np.log2("),
        ("The logarithm has base 10", "np.log(", "np.log10("),
        ("The result is NaN", "return", "return -np.mean(x*np.log(x) + (1-x)*np.log(1-x)) #"),
        ("The NaN of black and white pixels", "return",
         "return -np.nanmean(x*np.log(x) + (1-x)*np.log(1-x)) #"),
        ("This is a sum over all pixels", "mean()", "sum()"),
        ("This is a sum over the pixels of an image", "mean()", "sum() / len(x)"),
        ("The mean runs over one axis only", "mean()", "mean(axis=1)"),
        ("The mean runs over one axis only", "mean()", "mean(0)"),
        ("The mean runs over one axis only", "mean()", "sum(axis=1)"),
        ("This is the entropy of each pixel", "(ink + paper).mean()", "(ink + paper)"),
        ("This is the entropy of each pixel", "return",
         "return -x*np.log(x) - (1-x)*np.log(1-x) #"),
        ("This is a mean over pixels, but", "mean()", "mean(axis=1).sum()"),
        ("Only the first image", "return -(ink + paper).mean()", """total = 0
    for row in -(ink + paper):
        total += row.mean()
        return total"""),
        ("Only the last image", "return -(ink + paper).mean()", """
    for row in -(ink + paper):
        total = row.mean()
    return total"""),
        ("Only the last image", "return -(ink + paper).mean()", """
    for row in -(ink + paper):
        total = row.mean()
    return total / len(x)"""),
        ("The logarithm has base 2", "return",
         "return -np.mean(x*np.log2(x) + (1-x)*np.log2(1-x)) #"),
        ("The formula is right on grey pixels", "1 - np.clip(x, 0, 1 - 1e-12)", "1 - x"),
        ("The formula is right on grey pixels", "return",
         "p = x.clip(0.02, 0.98); return -(p*np.log(p) + (1-p)*np.log(1-p)).mean() #"),
        ("A perfect copy does not cost 0", "return", "return 0 #"),
        ("Pixels are kept so far from 0 and 1", "return",
         "p = x.clip(0.01, 0.99); return -(p*np.log(p) + (1-p)*np.log(1-p)).mean() #"),
        ("This is the variance of a coin", "return", "return (x * (1 - x)).mean() #"),
        ("The grey levels are averaged first", "(x):", "(x):\n    x = x.mean()"),
        ("The grey levels are averaged first", "(x):", "(x):\n    x = x.mean(axis=0)"),
    ],
    "scaler": [
        ("The scaler is fitted on all rows", "train.mean(axis=0)",
         "np.concatenate([train, test]).mean(axis=0)", "train.std(axis=0)",
         "np.concatenate([train, test]).std(axis=0)"),
        ("The scaler is fitted on all rows", "train.mean(axis=0)",
         "np.vstack([train, test]).mean(axis=0)"),
        ("The scaler is fitted on all rows", "train.mean(axis=0)",
         "(train.mean(axis=0) + test.mean(axis=0)) / 2"),
        ("The columns are divided by a range", "train.std(axis=0)", "np.ptp(train, axis=0)"),
        ("The columns are divided by a range", "train.std(axis=0)",
         "np.percentile(train, 75, 0) - np.percentile(train, 25, 0)"),
        ("The columns are divided by their root mean", "train.std(axis=0)",
         "(train**2).mean(axis=0) ** 0.5"),
        ("The training rows come back", "a = (train - mean) / std", "a = train"),
        ("The test rows are scaled with their own", "b = (test - mean) / std",
         "b = (test - test.mean(0)) / test.std(0)"),
        ("Half of the scaler comes from the test rows", "(test - mean) / std",
         "(test - mean) / test.std(axis=0)"),
        ("Half of the scaler comes from the test rows", "(test - mean)", "(test - test.mean(0))"),
        ("The scaler is fitted on the test rows", "mean = train.mean", "mean = test.mean",
         "std = train.std", "std = test.std"),
        ("The columns are centred, but not", "train.std(axis=0)", "1"),
        ("The columns are divided by their standard deviation, but", "train.mean(axis=0)", "0"),
        ("The columns are squeezed between 0 and 1", "mean = train.mean(axis=0)",
         "mean = train.min(0)", "train.std(axis=0)", "train.max(0) - train.min(0)"),
        ("The columns are squeezed between 0 and 1", "return a, b", """
    both = np.r_[train, test]
    low, high = both.min(0), both.max(0)
    return (train - low) / (high - low), (test - low) / (high - low)"""),
        ("Half of the scaler comes from the test rows", "train.mean", "test.mean"),
        ("Half of the scaler comes from the test rows", "train.std", "test.std"),
        ("The centre is the median", "mean = train.mean(axis=0)", "mean = np.median(train, 0)",
         "train.std(axis=0)", "np.percentile(train, 75, 0) - np.percentile(train, 25, 0)"),
        ("The columns are divided by their mean absolute", "train.std(axis=0)",
         "abs(train - mean).mean(axis=0)"),
        ("The columns are divided by their mean.", "train.std(axis=0)", "mean"),
        ("The columns are divided first", "return a, b",
         "return train / std - mean, test / std - mean"),
        ("Each row is scaled by numbers of its own", "return a, b", """
    from sklearn.preprocessing import normalize
    return normalize(train), normalize(test)"""),
        ("The columns are squeezed between −1 and 1", "return a, b", """
    low, high = train.min(0), train.max(0)
    return 2 * (train - low) / (high - low) - 1, 2 * (test - low) / (high - low) - 1"""),
        ("The columns are squeezed between −1 and 1", "return a, b",
         "return train / abs(train).max(0), test / abs(train).max(0)"),
        ("The centre is the median", "mean = train.mean(axis=0)",
         "mean = np.median(train, axis=0)"),
        ("The columns are divided by their length", "train.std(axis=0)",
         "np.sqrt(((train - mean) ** 2).sum(axis=0))"),
        ("One standard deviation serves the whole", "std(axis=0)", "std()"),
        ("One standard deviation serves the whole", "train.std(axis=0)", "train.std(ddof=1)"),
        ("One standard deviation serves the whole", "train.std(axis=0)", "(train - mean).std()"),
        ("One mean serves the whole", "mean(axis=0)", "mean()"),
        ("The columns are divided by their variance", "train.std", "train.var"),
        ("One mean and one standard deviation", "mean(axis=0)", "mean()", "std(axis=0)", "std()"),
        ("Each row is scaled by numbers of its own", "return a, b", """
    def rows(x):
        return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    return rows(train), rows(test)"""),
        ("The mean is added instead", "- mean", "+ mean"),
        ("It is multiplied by the standard deviation", "/ std", "* std"),
        ("Only the last part is divided", "(train - mean) / std", "train - mean / std",
         "(test - mean) / std", "test - mean / std"),
        ("The test rows come back as they were", "(test - mean) / std", "test"),
        ("The test rows come back as they were", "    a = (train - mean) / std\n",
         "    a = train = (train - mean) / std\n    mean, std = train.mean(0), train.std(0)\n"),
        ("The test rows come back as they were", "return a, b", """
    train = (train - train.mean(axis=0)) / train.std(axis=0)
    test = (test - train.mean(axis=0)) / train.std(axis=0)
    return train, test"""),
        ("The test rows are centred, but not", "(test - mean) / std", "test - mean"),
        ("The two tables are in the wrong order", "return a, b", "return b, a"),
        ("The training rows are returned twice", "return a, b", "return a, a"),
        ("Only the first column is scaled", "return a, b",
         COLUMNS.replace("    return", "        return")),
        ("Only the last column is scaled", "return a, b",
         COLUMNS.replace("        a[", "        a, b = train.copy(), test.copy()\n        a[")),
        ("The last column is not scaled", "return a, b",
         COLUMNS.replace("shape[1]", "shape[1] - 1")),
        ("The first column is not scaled", "return a, b", COLUMNS.replace("range(", "range(1, ")),
    ],
    "imputation": [
        ("The gaps are filled with means of the test rows", "nanmean(train", "nanmean(test"),
        ("The means come from training and test rows", "nanmean(train,",
         "nanmean(np.r_[train, test],"),
        ("The means come from training and test rows", "np.nanmean(train, axis=0)",
         "(np.nanmean(train, axis=0) + np.nanmean(test, axis=0)) / 2"),
        ("A gap is filled from the row beside", "return filled", """
    import pandas as pd
    return pd.DataFrame(test).ffill().bfill()"""),
        ("A gap is filled from the row beside", "return filled", """
    import pandas as pd
    return pd.DataFrame(test).bfill().ffill()"""),
        ("The gaps are filled with another number", "nanmean", "nanmin"),
        ("The gaps are filled with another number", "nanmean", "nanmax"),
        ("The gaps are filled with another number", "nanmean", "nansum"),
        ("The gaps are filled with another number", "nanmean", "nanstd"),
        ("The means have lost", "np.nanmean(train, axis=0)",
         "np.nanmean(train, axis=0).astype(int)"),
        ("Columns with gaps are dropped", "return filled", """
    import pandas as pd
    return pd.DataFrame(test).dropna(axis=1)"""),
        ("The gaps are filled with a marker", "= means[j]", "= -1"),
        ("The gaps are filled with a marker", "= means[j]", "= -999"),
        ("The mean is added to the known values", "return filled",
         "return np.nan_to_num(test) + means"),
        ("The filled table is centred", "return filled", "return filled - means"),
        ("Gaps remain", "np.nanmean(train, axis=0)", "train.mean(axis=0)"),
        ("Nothing is filled", "= means[j]", "= train.mean()"),
        ("Nothing is filled", "np.isnan(filled[:, j])", "filled[:, j] == np.nan"),
        ("The gaps are filled with 0", "= means[j]", "= 0"),
        ("One mean of the whole table", "= means[j]", "= np.nanmean(train)"),
        ("A gap is filled with the mean of its row", "= means[j]",
         "= np.nanmean(test, axis=1)[gaps]"),
        ("The gaps of the training rows are counted as 0", "np.nanmean(train, axis=0)",
         "np.where(np.isnan(train), 0, train).mean(axis=0)"),
        ("The means come from complete training rows", "nanmean(train,",
         "mean(train[~np.isnan(train).any(axis=1)],"),
        ("This is the median", "nanmean", "nanmedian"),
        ("Rows with gaps are dropped", "return filled",
         "return test[~np.isnan(test).any(axis=1)]"),
        ("Known values are overwritten", "filled[gaps, j]", "filled[:, j]"),
        ("The two values of np.where are the wrong", "return filled",
         "return np.where(np.isnan(test), test, means)"),
        ("The filled table is centred or standardised", "return filled",
         "return (filled - means) / np.nanstd(train, axis=0)"),
        ("The training rows are filled", "filled = test.copy()",
         "test = train\n    filled = test.copy()"),
        ("These are the means alone", "return filled", "return means"),
        ("Only the first column is filled", "    return", "        return"),
        ("Only the last column is filled", "        gaps =",
         "        filled = test.copy()\n        gaps ="),
        ("The last column is not filled", "shape[1]", "shape[1] - 1"),
        ("The first column is not filled", "range(", "range(1, "),
    ],
    "mixed loss": [
        ("The loss is averaged within each kind", "(x - real) ** 2).sum", "(x - real) ** 2).mean",
         '"none").sum', '"none").mean'),
        ("The loss is averaged within each kind", "0.5 * ((x - real) ** 2).sum",
         "((x - real) ** 2).mean", '"none").sum', '"none").mean'),
        ("The loss is put together over the rows", "one + two + three",
         "(one + two + three).sum()"),
        ("The loss is put together over the rows", "one + two + three",
         "F.mse_loss(x, real) + F.binary_cross_entropy_with_logits(y, binary)"
         " + F.cross_entropy(z, category)"),
        ("The loss is put together over the rows", "one + two + three",
         "F.mse_loss(x, real) / 2 + F.binary_cross_entropy_with_logits(y, binary)"
         " + F.cross_entropy(z, category)"),
        ("Every column has a squared error", "return one + two + three", """
    everything = torch.cat([real, binary, F.one_hot(category, z.shape[1])], dim=1)
    return ((raw - everything) ** 2).sum(1)"""),
        ("The binary columns have a squared error", "two = ", "two = ((y - binary)**2).sum(1) #"),
        ("The binary columns have a squared error", "two = ",
         "two = ((torch.sigmoid(y) - binary)**2).sum(1) #"),
        ("The categories have a squared error", "three = ",
         "three = ((z.softmax(1) - F.one_hot(category, z.shape[1]))**2).sum(1) #"),
        ("The squared error is not halved", "0.5 * ((x", "((x"),
        ("Everything is halved", "one + two + three", "(one + two + three) / 2"),
        ("The half stands before the whole sum", "0.5 * ((x", "((x", "one + two + three",
         "0.5 * (one + two + three)"),
        ("The half covers the binary", "two = ", "two = 0.5 * "),
        ("The half covers the categories", "three = ", "three = 0.5 * "),
        ("The half stands inside", "0.5 * ((x - real) ** 2)", "((0.5 * (x - real)) ** 2)"),
        ("The real columns cost a distance", "0.5 * ((x - real) ** 2).sum(1)",
         "torch.linalg.norm(x - real, dim=1)"),
        ("The real columns cost a distance", "** 2).sum(1)", "** 2).sum(1) ** 0.5"),
        ("The three kinds are averaged", "one + two + three",
         "torch.stack([one, two, three]).mean(0)"),
        ("Both halves of the binary", "two = ", "p = torch.sigmoid(y); two = "
         "-(binary * p.log() + (1 - binary) * p.log()).sum(1) #"),
        ("A softmax runs over the binary", "two = ",
         "two = F.binary_cross_entropy(y.softmax(1), binary, reduction='none').sum(1) #"),
        ("A softmax runs over the binary", "two = ",
         "two = F.cross_entropy(y, binary, reduction='none') #"),
        ("The softmax runs over rows", "three = ",
         "three = -z.softmax(0)[torch.arange(len(z)), category].log() #"),
        ("The softmax runs over rows", "three = ",
         "three = -(z.exp() / z.exp().sum())[torch.arange(len(z)), category].log() #"),
        ("The logarithms of all categories", "three = ", "three = -z.log_softmax(1).sum(1) #"),
        ("The categories' cost is minus a logit", "F.cross_entropy(z", "F.nll_loss(z"),
        ("The categories' cost is minus a logit", "three = ",
         "three = -z[torch.arange(len(z)), category] #"),
        ("The categories' cost is minus a probability", "F.cross_entropy(z",
         "F.nll_loss(z.softmax(1)"),
        ("The binary columns pay only where the answer is yes", "two = ",
         "two = -(binary * torch.log(torch.sigmoid(y))).sum(1) #"),
        ("The binary columns pay only where the answer is no", "two = ",
         "two = -((1 - binary) * torch.log(1 - torch.sigmoid(y))).sum(1) #"),
        ("Yes and no are exchanged", "logits(y, binary", "logits(y, 1 - binary"),
        ("Yes and no are exchanged", "logits(y, binary", "logits(-y, binary"),
        ("The categories' logarithm has another", "three = ",
         "three = -torch.log2(torch.softmax(z, 1))[torch.arange(len(z)), category] #"),
        ("The categories' logarithm has another", "three = ",
         "three = -torch.log10(torch.softmax(z, 1))[torch.arange(len(z)), category] #"),
        ("The binary columns' logarithm has another", "two = ", "p = torch.sigmoid(y); two = "
         "-(binary * torch.log2(p) + (1 - binary) * torch.log2(1 - p)).sum(1) #"),
        ("Both cross-entropies have logarithms", "two = ", "p = torch.sigmoid(y); two = "
         "-(binary * torch.log10(p) + (1 - binary) * torch.log10(1 - p)).sum(1) #", "three = ",
         "three = -torch.log10(torch.softmax(z, 1))[torch.arange(len(z)), category] #"),
        ("The sign of the categories'", "three = ", "three = -"),
        ("The sign of the categories'", "three = ",
         "three = torch.log_softmax(z, 1)[range(len(z)), category] #"),
        ("The sign of the binary columns'", "two = ", "p = torch.sigmoid(y); two = "
         "(binary * torch.log(p) + (1 - binary) * torch.log(1 - p)).sum(1) #"),
        ("The sigmoid is forgotten", "two = ",
         "two = F.binary_cross_entropy(y.clamp(1e-7, 1 - 1e-7), binary, reduction='none').sum(1)#"),
        ("The sigmoid is applied twice", "logits(y", "logits(torch.sigmoid(y)"),
        ("Softmax is applied twice", "entropy(z", "entropy(torch.softmax(z, dim=1)"),
        ("Sigmoid and softmax are applied twice", "logits(y", "logits(y.sigmoid()",
         "entropy(z", "entropy(z.softmax(-1)"),
        ("Each category is treated", "three = ", "three = F.binary_cross_entropy_with_logits("
         "z, F.one_hot(category, z.shape[1]).double(), reduction='none').sum(1) #"),
        ("A sigmoid is applied to the real columns", "(x - real)", "(x.sigmoid() - real)"),
        ("The categories are left out", "two + three", "two"),
        ("The binary columns are left out", "two + three", "three"),
        ("The real columns are left out", "one + two", "two"),
        ("The squared error is averaged over the real", "(x - real) ** 2).sum",
         "(x - real) ** 2).mean"),
        ("The binary cross-entropy is averaged over", '"none").sum', '"none").mean'),
        ("The real columns have an absolute error", "(x - real) ** 2", "abs(x - real)"),
        ("One kind is averaged or summed", 'category, reduction="none"', "category"),
        ("One kind is averaged or summed", 'binary, reduction="none").sum(1)', "binary)"),
        ("One kind is averaged or summed", 'binary, reduction="none").sum(1)',
         'binary, reduction="sum")'),
        ("One kind is averaged or summed", "0.5 * ((x - real) ** 2).sum(1)",
         "F.mse_loss(x, real)"),
        ("Both cross-entropies lack", '.sum(1)\n    three', '\n    three',
         ', reduction="none"', ""),
        ("Both cross-entropies lack", '.sum(1)\n    three', '\n    three',
         ', reduction="none"', "", "0.5 * ", ""),
        ("The whole loss has another base", "one + two + three", "(one + two + three) / np.log(2)"),
        ("The Gaussians' constant", "one + two",
         "one + 0.5 * r * np.log(2 * np.pi) + two"),
        ("The categories have a squared error", "three = ",
         "three = 0.5 * ((z.softmax(1) - F.one_hot(category, z.shape[1]))**2).sum(1) #"),
        ("A column of shape (B, 1)", "** 2).sum(1)", "** 2).sum(1, keepdim=True)"),
        ("A column of shape (B, 1)", '"none").sum(1)', '"none").sum(1, keepdim=True)'),
        ("A column of shape (B, 1)", "sum(1)", "sum(1, keepdim=True)"),
        ("A column of shape (B, 1)", "three = ",
         "three = -torch.log_softmax(z, 1).gather(1, category[:, None]) #"),
        ("Every row is paired", "three = ", "three = -torch.log_softmax(z, 1)[:, category] #"),
        ("Only the first row", "return one + two + three", """
    for i in range(len(raw)):
        return one[i] + two[i] + three[i]"""),
        ("Only the last row", "return one + two + three", """
    for i in range(len(raw)):
        total = one[i] + two[i] + three[i]
    return total"""),
        ("The categories' logits begin too early", "raw[:, r + b:]", "raw[:, b:]"),
        ("The categories' logits begin too early", "raw[:, r + b:]", "raw[:, r + b - 1:]"),
        ("The binary columns are taken from the start", "raw[:, r:r + b]", "raw[:, :b]"),
        ("The outputs are taken in the wrong order", "x, y, z = raw[:, :r], raw[:, r:r + b], "
         "raw[:, r + b:]", "k = raw.shape[1] - r - b\n    "
         "z, y, x = raw[:, :k], raw[:, k:k + b], raw[:, k + b:]"),
        ("The outputs are taken in the wrong order", "raw[:, r:r + b], raw[:, r + b:]",
         "raw[:, -b:], raw[:, r:-b]"),
        ("The outputs are taken in the wrong order", "raw[:, :r], raw[:, r:r + b]",
         "raw[:, b:b + r], raw[:, :b]"),
        ("The sign of the real columns'", "one = 0.5", "one = -0.5"),
        ("The categories' cost is weighed", "three = ", "three = z.shape[1] * "),
        ("The categories' cost is weighed", "three = ", "three = 1 / z.shape[1] * "),
        ("The categories' cost is that of the likeliest", "entropy(z, category",
         "entropy(z, z.argmax(1)"),
    ],
}

# For each exercise: how the hint on an exception starts, then what is replaced by what.
RAISING = {
    "output gradient": [
        ("Look at the two shapes: +, -", "H.T @ delta", "H.T * delta"),
        ("Look at the two shapes: +, -", "np.tanh(H @ W + b)", "np.tanh(H * W + b)"),
        ("Look at the two shapes: in a product", "H.T @ delta", "H @ delta"),
        ("Look at the two shapes: in a product", "H.T @ delta", "np.dot(delta, H)"),
    ],
    "parameter count": [("A list of n sizes", "len(sizes) - 1", "len(sizes)")],
    "loss for categories": [
        ("A single index picks rows", "return losses", "return -log_p[classes]"),
        ("Ones and zeros count", "return losses",
         "return F.cross_entropy(logits, F.one_hot(classes, logits.shape[1]))"),
        ("The classes are one number per row", "return losses",
         "return F.mse_loss(logits, classes.double())"),
    ],
    "PCA reconstruction": [
        ("Look at the two shapes: in a product", "Vt[:k].T", "Vt[:k]"),
        ("Look at the two shapes: +, -", "mean(axis=0)", "mean(axis=1)"),
    ],
    "sum to mean": [("Counting starts at 0", "return total", """
    for i in range(1, len(batch_losses) + 1):
        total += batch_losses[i] * batch_sizes[i]
    return total""")],
    "scaler": [("Look at the two shapes: +, -", "axis=0", "axis=1")],
    "imputation": [("There are more gaps", "return filled", """
    filled[np.isnan(test)] = means
    return filled""", "filled[gaps, j]", "filled[:0, j]")],
    "mixed loss": [
        ("The categories have too few", "raw[:, r + b:]", "raw[:, r + b + 1:]"),
        ("Look at the shapes", "raw[:, r:r + b]", "raw[:, r:b]"),
        ("Look at the shapes", '"none").sum(1)', '"none")'),
        ("Look at the shapes", "** 2).sum(1)", "** 2)"),
        ("Look at the shapes", "raw[:, :r]", "raw[:, :r + 1]"),
    ],
}

# Other ways to be right.
ALSO_RIGHT = {
    "output gradient": ["""
def answer(H, W, b, X):  # autograd, in single precision
    W = torch.tensor(W, dtype=torch.float32, requires_grad=True)
    b = torch.tensor(b, dtype=torch.float32, requires_grad=True)
    y = torch.tanh(torch.tensor(H, dtype=torch.float32) @ W + b)
    return torch.autograd.grad(F.mse_loss(y, torch.tensor(X, dtype=torch.float32)), [W, b])
""", """
def answer(H, W, b, X):  # loops and lists
    n, d = X.shape
    dW = [[0.0] * d for _ in range(H.shape[1])]
    db = [0.0] * d
    for i in range(n):
        for j in range(d):
            y = np.tanh(sum(H[i, m] * W[m, j] for m in range(H.shape[1])) + b[j])
            g = 2 * (y - X[i, j]) * (1 - y * y) / (n * d)
            db[j] += g
            for m in range(H.shape[1]):
                dW[m][j] += H[i, m] * g
    return [dW, db]
"""],
    "parameter count": ["""
def answer(sizes):  # ask PyTorch
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    return torch.tensor(sum(p.numel() for layer in layers for p in layer.parameters()))
""", "answer = lambda s: float(np.dot(s[:-1], s[1:]) + sum(s[1:]))"],
    "loss for categories": ["""
def answer(logits, classes):
    return F.cross_entropy(logits.float(), classes, reduction="none")
""", """
def answer(logits, classes):  # NumPy, row by row
    out = []
    for z, c in zip(logits.numpy(), classes.numpy()):
        z = z - z.max()
        out.append(np.log(np.exp(z).sum()) - z[c])
    return out
"""],
    "PCA reconstruction": ["""
def answer(train, test, k):
    from sklearn.decomposition import PCA
    pca = PCA(k).fit(train)
    return pca.inverse_transform(pca.transform(test))
""", """
def answer(train, test, k):  # eigenvectors of the covariance, in single precision
    train, test = train.astype(np.float32), test.astype(np.float32)
    m = train.mean(0)
    V = np.linalg.eigh(np.cov((train - m).T))[1][:, -k:].astype(np.float32)
    return (test - m) @ V @ V.T + m
""", """
def answer(train, test, k):
    train, test = torch.tensor(train), torch.tensor(test)
    m = train.mean(0)
    V = torch.linalg.svd(train - m, full_matrices=False).Vh[:k]
    return (test - m) @ V.T @ V + m
"""],
    "sum to mean": ["""
def answer(batch_losses, batch_sizes, pixels):
    return np.average(batch_losses, weights=batch_sizes) / pixels
"""],
    "floor of BCE": ["""
def answer(x):
    x = torch.tensor(x, dtype=torch.float32)
    return F.binary_cross_entropy(x, x)
""", """
def answer(x):
    return np.nan_to_num(-x*np.log(x) - (1-x)*np.log(1-x)).mean()
""", """
def answer(x):
    return -np.mean(x * np.log(x + 1e-8) + (1 - x) * np.log(1 - x + 1e-8))
"""],
    "scaler": ["""
def answer(train, test):
    from sklearn.preprocessing import StandardScaler
    s = StandardScaler().fit(train)
    return s.transform(train), s.transform(test)
""", """
def answer(train, test):  # pandas divides by n - 1
    import pandas as pd
    a, b = pd.DataFrame(train), pd.DataFrame(test)
    return (a - a.mean()) / a.std(), (b - a.mean()) / a.std()
"""],
    "imputation": ["""
def answer(train, test):
    from sklearn.impute import SimpleImputer
    return SimpleImputer().fit(train).transform(test)
""", """
def answer(train, test):
    import pandas as pd
    return pd.DataFrame(test).fillna(pd.DataFrame(train).mean())
"""],
    "mixed loss": ["""
def answer(raw, real, binary, category):  # row by row
    losses = []
    for i in range(len(raw)):
        r, b = real.shape[1], binary.shape[1]
        loss = sum((raw[i, j] - real[i, j]) ** 2 for j in range(r)) / 2
        for j in range(b):
            p = torch.sigmoid(raw[i, r + j])
            loss -= torch.log(p) if binary[i, j] == 1 else torch.log(1 - p)
        losses.append(loss - torch.log_softmax(raw[i, r + b:], 0)[category[i]])
    return torch.stack(losses)
"""],
}


class TestExercises(ExerciseTests):
    topics = ["basics", "undercomplete", "tables"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_a_loss_without_a_gradient_is_refused(self):
        for old, new in (("one + two + three", "(one + two + three).detach()"),
                         ("(raw, real, binary, category):",
                          "(raw, real, binary, category):\n    raw = raw.detach()"),
                         ("one + two + three", "(one + two + three).tolist()")):
            verdict = self.judge("mixed loss", RIGHT["mixed loss"].replace(old, new))
            assert verdict.status == "wrong", verdict.message
            assert verdict.message.startswith("The values are right, but"), verdict.message
            assert "cannot be trained" in verdict.message, verdict.message

    def test_impute_in_place_is_named(self):
        source = RIGHT["imputation"].replace("test.copy()", "test")
        verdict = self.judge("imputation", source)
        assert verdict.status == "wrong" and "changes its argument test in place" in verdict.message

    def test_two_mistakes_at_once(self):
        source = edited(RIGHT["output gradient"], ["1 - Y**2", "1", "/ X.size", "/ len(X)"])
        message = self.judge("output gradient", source).message
        assert message.startswith("The derivative of tanh is missing")
        assert ("Besides, it is off by a factor that changes with the input: too large by the "
                "number of columns of W, 5 on 7 rows") in message

    def test_one_of_two_values_is_right(self):
        source = RIGHT["output gradient"].replace("delta.sum(axis=0)", "delta.sum(axis=0) ** 3")
        message = self.judge("output gradient", source).message
        assert message.startswith("Right: dL/dW. Not right: dL/db. On 7 rows")
