"""The way from and to Telegram: what it delivers, what we call, what it refuses."""

from __future__ import annotations

from dashboards.generator.panel import Board, Link, Panel, Row, Step, Target
from dashboards.generator.promql import chosen, per_second, quantile, some_per_second, times, worst

_MEANING = Link("What is counted", page="telemetry.md")

TELEGRAM = Board(
    name="telegram",
    title="botflight: Telegram",
    description="How updates are delivered, how late they are, how our calls end, and how often we are asked to wait.",
    rows=(
        Row(
            title="Delivery to us",
            panels=(
                Panel(
                    title="Updates that wait at Telegram",
                    description="As Telegram said within the last minute. While it grows, users wait.",
                    unit="short",
                    kind="stat",
                    width=6,
                    height=6,
                    targets=(Target(worst("botflight_webhook_pending_updates"), "{{instance}}"),),
                    steps=(Step(None, "green"), Step(20, "orange"), Step(100, "red")),
                    link=Link("What to do", page="runbooks/SVC_WEBHOOK_PENDING.md"),
                ),
                Panel(
                    title="Since the last failed delivery",
                    description="How long ago Telegram last failed to deliver an update.",
                    unit="s",
                    kind="stat",
                    width=6,
                    height=6,
                    targets=(
                        Target(
                            f"time() - ({worst('botflight_webhook_last_error_timestamp_seconds')} > 0)",
                            "{{instance}}",
                        ),
                    ),
                    nothing="never",
                    steps=(Step(None, "red"), Step(3600, "green")),
                    link=Link("What to do", page="runbooks/SVC_WEBHOOK_ERROR.md"),
                ),
                Panel(
                    title="How late messages are",
                    description="From a message's date to taking it up. Telegram's dates are whole seconds, and taps "
                    "have none.",
                    unit="s",
                    exemplars=True,
                    height=6,
                    targets=(
                        Target(quantile(0.5, "botflight_update_lag_seconds"), "half"),
                        Target(quantile(0.99, "botflight_update_lag_seconds"), "99 %"),
                    ),
                    link=_MEANING,
                ),
                Panel(
                    title="Repeated and early updates",
                    description="Repeats were answered and not dispatched; early ones came while the service started "
                    "or drained.",
                    unit="reqps",
                    targets=(
                        Target(per_second("botflight_updates_duplicate_total"), "repeated"),
                        Target(per_second("botflight_updates_early_total"), "early"),
                    ),
                    link=_MEANING,
                ),
                Panel(
                    title="Requests refused at the door",
                    description="By HTTP status. 401 is somebody without our secret, 503 asks Telegram to come again.",
                    unit="reqps",
                    targets=(Target(some_per_second("botflight_updates_refused_total", by="status"), "{{status}}"),),
                    nothing="none",
                    link=Link("What to do when the webhook is wrong", page="runbooks/SVC_WEBHOOK_WRONG.md"),
                ),
            ),
        ),
        Row(
            title="Our calls",
            panels=(
                Panel(
                    title="Calls by method",
                    description="Calls to the Bot API a second, long polling aside.",
                    unit="reqps",
                    stacked=True,
                    targets=(Target(some_per_second("botflight_telegram_requests_total", by="method"), "{{method}}"),),
                    nothing="none",
                    link=_MEANING,
                ),
                Panel(
                    title="Calls that did not end as OK",
                    description="400 is a call that Telegram cannot do, 403 a user who blocked the bot, 429 too "
                    "many; the "
                    "rest is Telegram or the network.",
                    unit="reqps",
                    targets=(
                        Target(
                            some_per_second("botflight_telegram_requests_total", 'outcome!="OK"', by="method, outcome"),
                            "{{method}} {{outcome}}",
                        ),
                    ),
                    nothing="none",
                    link=Link("What to do", page="runbooks/BotflightTelegramFailing.md"),
                ),
                Panel(
                    title="Time of a call",
                    description="95 % of the calls by method. Points are traces.",
                    unit="s",
                    exemplars=True,
                    targets=(
                        Target(
                            quantile(0.95, "botflight_telegram_request_duration_seconds", by="method"), "{{method}}"
                        ),
                    ),
                    link=_MEANING,
                ),
                Panel(
                    title="Waiting that Telegram asked for",
                    description="Seconds of retry_after a second, and answers 429 a second: we send more than is "
                    "allowed.",
                    unit="short",
                    targets=(
                        Target(per_second("botflight_telegram_retry_after_seconds_total"), "seconds to wait"),
                        Target(per_second("botflight_telegram_requests_total", 'outcome="429"'), "answers 429"),
                    ),
                    link=Link("What to do", page="runbooks/BotflightTelegramFlood.md"),
                ),
            ),
        ),
        Row(
            title="Delivery to users",
            panels=(
                Panel(
                    title="Messages that wait",
                    description="Committed and not yet sent. They are sent at least once, also after a crash.",
                    unit="short",
                    width=8,
                    targets=(Target(worst("botflight_outbox_messages"), "{{instance}}"),),
                    link=Link("What to do", page="runbooks/SVC_OUTBOX_OLD.md"),
                ),
                Panel(
                    title="How long the oldest message has waited",
                    description="0 when none waits.",
                    unit="s",
                    width=8,
                    targets=(Target(worst("botflight_outbox_oldest_seconds"), "{{instance}}"),),
                    link=Link("What to do", page="runbooks/SVC_OUTBOX_OLD.md"),
                ),
                Panel(
                    title="Messages given up",
                    description="FORBIDDEN: the user blocked the bot. REFUSED: Telegram will never take it. TOO_OLD: "
                    "a day.",
                    unit="cps",
                    width=8,
                    targets=(Target(some_per_second("botflight_outbox_given_up_total", by="reason"), "{{reason}}"),),
                    nothing="none",
                    link=_MEANING,
                ),
                Panel(
                    title="Users who blocked the bot",
                    description="Messages that were refused for it, over the time that is shown.",
                    unit="locale",
                    kind="stat",
                    width=8,
                    height=5,
                    targets=(Target(times("botflight_blocked_users_total"), "blocked"),),
                    link=_MEANING,
                ),
                Panel(
                    title="Updates in hand",
                    description="Stored and not yet done; chats in work.",
                    unit="short",
                    width=16,
                    height=5,
                    targets=(
                        Target(chosen("botflight_updates_undone"), "updates {{instance}}"),
                        Target(chosen("botflight_lanes"), "chats {{instance}}"),
                    ),
                    link=Link("What to do", page="runbooks/SVC_UPDATES_FULL.md"),
                ),
            ),
        ),
    ),
)
