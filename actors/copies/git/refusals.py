"""Refusals of Git servers, known by their words, as sentences that say what to do.

A server's own text is never repeated: it may hold what was sent, and is anybody's. Servers change their words as they
please; what no row knows is a plain refusal.
"""

from actors.copies.stores.store import StoreError, StoreRefused

# What a server's text may hold at most that is looked at.
MAX_TEXT = 16 * 1024
PLAIN = "The server refuses the commit: the branch is protected there, or a rule forbids it."
PROTECTED = (
    "The branch is protected: let the token's owner push to it without a pull request, or give a branch of its own "
    "(?branch=…) that no rule is for."
)
SECRETS = (
    "The server takes something in the commit for a secret, and refuses it. Secrets that Intune knows are masked: let "
    "this repository pass its secret scanning, or find out which policy holds one in a script or a text."
)
TOO_LARGE = (
    "A file or the commit is larger than the server takes. Raise its limit for this repository, or give another one."
)
PEOPLE = (
    "A rule of the server is about who commits are by: addresses that it knows, or keeps private, or signatures. Let "
    "the token's owner pass the rule, or give a repository without it."
)
MESSAGES = "A rule of the server is about messages or names of files. Let the token's owner pass it."
NO_RIGHT = "The server does not let us push: the token's owner may read this repository, and not write to it."
NOT_THERE = "There is no repository at this address, or the token may not see it."
READ_ONLY = "The repository is read-only: it was archived, or is a mirror. Give another one."
FULL = "The server has no room left for this repository: its disk, or the quota there, is full."

# Words, all in lower case -> the sentence. The first row that fits counts. Where each is from:
# GitHub: docs.github.com, "Troubleshooting required status checks" and "About protected branches" (GH006, "protected
# branch hook declined"), "About rulesets" (GH013), "About large files on GitHub" (GH001, 100 MiB), "Working with push
# protection from the command line" (GH009, "Push cannot contain secrets"), "Blocking command line pushes that expose
# your personal email address" (GH007), "Archiving repositories".
# GitLab: docs.gitlab.com, "Protected branches", "Push rules", "Secret push protection" ("PUSH BLOCKED: Secrets detected
# in code changes"), "Troubleshooting Git" ("You are not allowed to push code").
# Azure DevOps, whose texts public issues quote: TF402455 (github.com/microsoft/win-net-test, issue 45), TF401027 ("You
# need the Git 'GenericContribute' permission"), VS403654 ("The push was rejected because it contains one or more
# secrets").
# Gitea: routers/private/hook_pre_receive.go ("User permission denied for writing").
# Git itself: index-pack ("pack exceeds maximum allowed size"), receive-pack ("refusing to update checked out branch").
_ROWS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("gh009", "push cannot contain secrets", "push blocked: secrets detected", "vs403654"), SECRETS),
    (("gh001", "file size limit", "pack exceeds maximum allowed size", "blobs which exceed"), TOO_LARGE),
    (("gh007", "email privacy", "verified signatures", "must be signed", "committer", "author's email"), PEOPLE),
    (("does not follow the pattern", "was prohibited by"), MESSAGES),
    (("archived", "read-only", "readonly"), READ_ONLY),
    (("storage limit", "no space left", "data quota", "disk quota"), FULL),
    (("gh006", "protected branch", "tf402455", "refusing to update checked out branch", "is protected"), PROTECTED),
    (("tf401027", "not allowed to push code to this project", "permission denied for writing"), NO_RIGHT),
    (("permission to", "write access"), NO_RIGHT),
    (("repository not found", "does not appear to be a git repository", "could not be found"), NOT_THERE),
    (("gh013", "repository rule violations"), PROTECTED),
)


def sentence_of(*texts: str) -> str:
    """Return what to do about a refusal that a server words so."""
    said = " ".join(text[:MAX_TEXT].lower() for text in texts)
    return next((sentence for words, sentence in _ROWS if any(word in said for word in words)), PLAIN)


# Status of an HTTP answer -> the sentence, and whether another attempt may help. GitHub and GitLab answer 404 for what
# a token may not see; Azure DevOps answers 203, or leads to its page for signing in, where a token is wrong or has
# expired (github.com/microsoft/azure-devops-auth-samples, issue 52); 413 comes from proxies before a server.
_NOT_IN = "The server does not let us in: check the token, when it expires, the user name, and what the token may do."
_STATUSES = {
    203: _NOT_IN,
    401: _NOT_IN,
    403: (
        "The server does not let us push: check what the token may do, whether the organisation asks for a single "
        "sign-on of it, and whether the repository is archived."
    ),
    404: NOT_THERE,
    405: "The server takes no pushes at this address.",
    407: "The proxy does not let us through: check TENANTKEEP_PROXY_URL.",
    413: TOO_LARGE,
}
_BUSY = "The server is busy, or asks us to wait. It is tried again."


def check_status(status: int, location: str = "") -> None:
    """Raises StoreError for an answer that is no Git server's. `location`: where a redirect leads."""
    if status in range(300, 400):
        if any(word in location.lower() for word in ("signin", "sign_in", "login")):
            raise StoreRefused(_NOT_IN)
        raise StoreRefused("The server leads to another address: the repository was renamed or moved. Give that one.")
    if status == 429 or status >= 500:
        raise StoreError(_BUSY)
    if status in _STATUSES:
        raise StoreRefused(_STATUSES[status])
