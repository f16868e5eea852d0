"""Texts of errors."""

PACK_VIRTUALENV_DOESNT_EXIST = (
    'The virtualenv of pack "%(pack)s" does not exist. It is made when it is first needed, or with `squall run '
    "packs.setup_virtualenv packs=%(pack)s`."
)
