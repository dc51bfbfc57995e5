"""The demo: one full pass over the sandbox's shops."""

from orderhub.operate.setup import apply_configuration
from orderhub.operate.stack import Stack, start_stack, wait_until_healthy


def run_demo(stack: Stack) -> int:
    """Run the demo."""
    start_stack(stack)
    apply_configuration(stack, stack.clock)
    wait_until_healthy(stack)
    return 0
