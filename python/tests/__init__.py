# As whoever runs pack code does: it is what finds st2client, six and eventlet.
import st2common  # noqa: F401
