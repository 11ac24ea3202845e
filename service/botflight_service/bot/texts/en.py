"""English."""

from __future__ import annotations

from typing import Final

from botflight_service.bot.texts.catalog import Entry, Language, Plural

_ENTRIES: Final[dict[str, Entry]] = {
    "language.name": "English",
    "credits": Plural(one="{count} credit", other="{count} credits"),
    "moment": "{year}-{month:02}-{day:02} {hour:02}:{minute:02}",
    # The main menu
    "menu.welcome": (
        "<b>Hello!</b> I turn words and photos into pictures, short videos and sounds.\n\n"
        "Tap <b>✨ Generate</b> and choose what to make: a few questions, and it is on its way."
    ),
    "menu.title": "<b>Main menu</b>\n\nWhat would you like to do?",
    "button.main_menu": "🏠 Main menu",
    "button.generate": "✨ Generate",
    "button.balance": "💳 Balance",
    "button.history": "🗂 History",
    "button.top_up": "➕ Top up",
    "button.language": "🌐 Language",
    "button.help": "❓ Help",
    "button.back": "⬅️ Back",
    "button.cancel": "✖️ Cancel",
    "button.confirm": "✅ Confirm",
    "button.resume": "↩️ Back to my order",
    "button.repeat": "🔁 Repeat",
    "button.send_again": "📤 Send again",
    "button.newer": "« Newer",
    "button.older": "Older »",
    "button.model": "{name} · {price}",
    "button.attempt": "{mark} {name} · {moment}",
    "button.chosen": "✓ {name}",
    # Choosing a model and answering its questions
    "models.title": "<b>What shall we make?</b>\n\nThe price is for one generation.",
    "models.free": "Free today: {left} of {limit}",
    "model.card": "<b>{name}</b>\n{about}\nPrice: {price}",
    "model.text_to_image.name": "🎨 Picture from text",
    "model.text_to_image.about": "Describe it in words, and I will draw it.",
    "model.text_to_image.prompt": "What should be in the picture?",
    "model.text_to_image.shape": "Which shape should it have?",
    "model.image_to_image.name": "🖌 Change a photo",
    "model.image_to_image.about": "Send a photo and say what should be different.",
    "model.image_to_image.photo": "Which photo shall I change?",
    "model.image_to_image.prompt": "What should be different in it?",
    "model.text_to_video.name": "🎬 Video from text",
    "model.text_to_video.about": "A short silent video of the scene that you describe.",
    "model.text_to_video.prompt": "What happens in the video?",
    "model.text_to_video.shape": "Which shape should it have?",
    "model.text_to_video.seconds": "How many seconds should it last?",
    "model.text_to_audio.name": "🎧 Sound from text",
    "model.text_to_audio.about": "A sound effect for the scene that you describe.",
    "model.text_to_audio.prompt": "What should be heard?",
    "model.text_to_audio.seconds": "How many seconds should it last?",
    "model.upscale.name": "🔍 Enlarge a photo",
    "model.upscale.about": "The same photo, larger and sharper.",
    "model.upscale.photo": "Which photo shall I enlarge?",
    "model.upscale.factor": "How much larger should it be?",
    "input.prompt": "Description",
    "input.photo": "Photo",
    "input.shape": "Shape",
    "input.shape.1:1": "Square 1:1",
    "input.shape.3:4": "Portrait 3:4",
    "input.shape.4:3": "Landscape 4:3",
    "input.shape.9:16": "Tall 9:16",
    "input.shape.16:9": "Wide 16:9",
    "input.seconds": "Length, seconds",
    "input.seconds.5": "5 seconds",
    "input.seconds.10": "10 seconds",
    "input.factor": "Size",
    "input.factor.2": "2 times",
    "input.factor.4": "4 times",
    "value.photo": "📷 your photo",
    "question": "<i>Step {step} of {steps}</i>\n<b>{question}</b>\n{hint}",
    "hint.text": Plural(
        one="Write it in a message, up to {count} character.", other="Write it in a message, up to {count} characters."
    ),
    "hint.photo": "Send a photo here. A photo as a file does not work.",
    "hint.choice": "Tap one of the buttons.",
    "hint.number": "Tap a button or send a whole number from {minimum} to {maximum}.",
    "hint.number_typed": "Send a whole number from {minimum} to {maximum}.",
    # Answers that do not fit; the question follows
    "bad.empty": "There is no text in this message.",
    "bad.too_long": "That is too long: {length} characters, and {limit} fit. Please say it in fewer words.",
    "bad.not_a_number": "That is not a whole number.",
    "bad.out_of_range": "That number does not fit: pick one from {minimum} to {maximum}.",
    "bad.not_a_choice": "I do not have that one.",
    "bad.text_for_photo": "That is text, and I am waiting for a photo.",
    "bad.photo_for_text": "That is a photo, and I am waiting for words.",
    "bad.photo_for_choice": "That is a photo, and I am waiting for a tap on a button.",
    "bad.photo_for_number": "That is a photo, and I am waiting for a number.",
    "bad.at_confirm": "Everything is ready: please confirm it or go back.",
    # The confirm screen
    "confirm": "<b>Is everything right?</b>\n\n<b>{name}</b>\n{answers}\n\n{terms}",
    "confirm.answer": "{label}: {value}",
    "confirm.price": "Price: {price}\nYou have: {available}",
    "confirm.short": "Price: {price}\nYou have: {available}\nMissing: {missing}",
    "confirm.free": "Free today: {left} of {limit}",
    "notice.offer_changed": "The terms have changed meanwhile, so nothing was taken. Please look again.",
    # On the way
    "progress.queued": "⏳ <b>In the queue</b>\n{name}\n\nThe result will appear here. Feel free to look around.",
    "progress.generating": "🎨 <b>Generating</b>\n{name}\n\n{bar} {elapsed} s of about {expected} s",
    "progress.slow": "🎨 <b>Generating</b>\n{name}\n\n{bar} {elapsed} s. Longer than usual, but it is going on.",
    "progress.done": "✅ <b>Done</b> in {elapsed} s\n{name}",
    "progress.checking": (
        "🔎 <b>Checking</b>\n{name}\n\nThe generator did not answer in time. I will know within 15 minutes: either the "
        "result comes here, or {money}."
    ),
    "progress.checking.price": "you get {price} back",
    "progress.checking.free": "you get your free generation back",
    "result": "<b>{name}</b>\n{answers}\n\n{paid}",
    "result.price": "Charged: {price}",
    "result.free": "Free",
    "result.late": "Charged: nothing. It took so long that it is a present.",
    "failed": "😔 <b>It did not work out</b>\n{name}\n\n{reason}\n{money}",
    "given_up": "😔 <b>No answer came</b>\n{name}\n\nThe generator has been silent for 15 minutes.\n{money}",
    "money.price": "Nothing was charged. Back on your balance: {price}.",
    "money.free": "Nothing was charged, and the free generation is yours again.",
    "failure.other": "The generator could not do it this time. Please try once more.",
    "failure.refused": "The generator did not take this order. Please change it and try once more.",
    "failure.content_refused": "The generator refused this description or photo. Please try other words.",
    "failure.not_a_photo": "The generator could not read this photo. Please try another.",
    "failure.photo_too_large": "This photo is too large for the generator. Please send a smaller one.",
    "failure.took_too_long": "The generator took too long.",
    "failure.input_gone": "Telegram no longer gives me the photo that you sent. Please send it once more.",
    "failure.file_refused": "It was made, but Telegram does not take the file.",
    "failure.not_delivered": "It was made, but could not be sent to you for a whole day.",
    "failure.chat_gone": "Telegram did not let me bring the finished file into this chat.",
    "failure.unavailable": "The generator is down at the moment. Please try again in a few minutes.",
    # Balance, history, top-up
    "balance": "<b>Balance</b>\n\nAvailable: {available}{held}{free}",
    "balance.held": "\nHeld for what is being made: {held}",
    "balance.free": "\nFree today: {left} of {limit}",
    "history.title": "<b>History</b>\n\nThe newest comes first. Tap one to see more.",
    "history.empty": "<b>History</b>\n\nNothing here yet. What you make will be kept here.",
    "history.end": "<b>History</b>\n\nThere is nothing older.",
    "attempt": "<b>{name}</b>\n{state}, {moment}\n{paid}\n\n{answers}",
    "attempt.unknown_model": "A model that is no longer here",
    "attempt.paid.charged": "Charged: {price}",
    "attempt.paid.held": "Held: {price}",
    "attempt.paid.nothing": "Charged: nothing",
    "attempt.paid.free": "Free",
    "attempt.caption": "<b>{name}</b>\n{moment}",
    "state.confirmed": "In the queue",
    "state.submitting": "In the queue",
    "state.running": "Being made",
    "state.succeeded": "Done",
    "state.delivered": "Done",
    "state.failed": "Did not work out",
    "state.unknown": "Being checked",
    "state.refunded": "Paid back",
    "notice.attempt_missing": "I cannot find this generation. Nothing was charged.",
    "notice.file_missing": "There is no file to send for this one. Asking for it has charged nothing.",
    "notice.model_gone": "This is no longer on offer, and nothing was charged. Please choose another.",
    "top_up": "<b>Top up</b>\n\nYou have: {available}\n\n{how}",
    "top_up.short": (
        "<b>Not enough credits</b>\n\nPrice: {price}\nYou have: {available}\nMissing: {missing}\n\n{how}\n\n"
        "Your order is kept, and nothing was taken."
    ),
    "top_up.ask": (
        "Choose a pack, it is paid in Telegram Stars. On what terms: /terms\n"
        "Your number, should anybody ask, a tap copies it: <code>{user_id}</code>"
    ),
    "top_up.ask_contact": (
        "Choose a pack, it is paid in Telegram Stars. On what terms: /terms\n"
        "For another way write to {contact} and send your number, a tap copies it: <code>{user_id}</code>"
    ),
    # Payments in Stars
    "button.buy": "{amount} · ⭐ {stars}",
    "button.pay": "Pay ⭐ {stars}",
    "button.ask_refund": "↩️ Refund ⭐ {stars}",
    "button.confirm_refund": "↩️ Yes, refund it",
    "invoice.about": "Credits to make pictures, videos and sounds with, in this chat.",
    "notice.pack_gone": "This pack is no longer on offer, and nothing was charged. Please choose another.",
    "check_out.unknown": "I do not know this invoice. Please open Top up and choose a pack. Nothing was charged.",
    "check_out.not_yours": "This invoice is somebody else's. Please open Top up for your own. Nothing was charged.",
    "check_out.changed": "This pack has changed meanwhile. Please open Top up and choose anew. Nothing was charged.",
    "check_out.closed": "We are doing maintenance. Please try again a little later. Nothing was charged.",
    "payment.credited": "✅ <b>Thank you!</b>\n\nPaid: ⭐ {stars}\nCredited: {amount}\nYou have now: {available}",
    "payment.found": (
        "✅ <b>Your payment was found</b>\n\nIt had not reached me at once, sorry.\nPaid: ⭐ "
        "{stars}\nCredited: {amount}"
    ),
    "payment.unclear": (
        "🔎 <b>Your payment is here</b>\n\nPaid: ⭐ {stars}. I do not know its invoice, so nothing was credited. "
        "Open /paysupport to have the Stars back."
    ),
    "payment.state.paid": "paid",
    "payment.state.refunding": "being refunded",
    "payment.state.refunded": "refunded",
    "pay_support": (
        "<b>Payments</b>\n\n{payments}\n\nA payment whose credits are unspent can be refunded here within {days} days. "
        "{help}"
    ),
    "pay_support.none": "You have not paid anything yet.",
    "pay_support.line": "{moment}: ⭐ {stars}, {amount}, {state}",
    "refund.ask": "<b>Refund ⭐ {stars}?</b>\n\nThe Stars go back to you, and this leaves your balance: {amount}",
    "refund.begun": "⏳ <b>Refund under way</b>\n\nTaken from your balance: {amount}\nComing back to you: ⭐ {stars}",
    "refund.done": "↩️ <b>Refunded</b>\n\n⭐ {stars} went back to you.",
    "refund.failed": (
        "😔 <b>The refund did not work out</b>\n\nTelegram did not give the ⭐ {stars} back. Back on your "
        "balance: {amount}. "
        "Write to /support, please."
    ),
    "refund.refused": "<b>No refund</b>\n\n{reason} Nothing has changed. {help}",
    "no_refund.done": "This payment was refunded already.",
    "no_refund.under_way": "This payment is being refunded already.",
    "no_refund.too_old": "The time for a refund of this payment is over.",
    "no_refund.spent": (
        "Telegram gives a payment back as a whole, and a part of its credits is spent or held for what is being made."
    ),
    "support": "<b>Support</b>\n\n{help}\n\nFor questions about payments and refunds: /paysupport",
    "support.ask": "Ask the administrator and give your number, a tap copies it: <code>{user_id}</code>",
    "support.ask_contact": "Write to {contact} and give your number, a tap copies it: <code>{user_id}</code>",
    "terms": (
        "<b>Terms</b>\n\n"
        "1. Credits pay for generations in this bot and for nothing else. They cannot be passed on or "
        "exchanged for money.\n"
        "2. The price stands on the screen before you confirm. What does not work out costs nothing.\n"
        "3. A payment in Stars can be refunded as a whole within {days} days while its credits are unspent: "
        "/paysupport\n"
        "4. Do not ask for what is against the law or Telegram's rules.\n"
        "5. Payments are our business: Telegram support cannot help with them. {help}"
    ),
    # Maintenance
    "closed": (
        "🛠 <b>Maintenance</b>\n\nI am being repaired and back soon. What is being made goes on and arrives "
        "here, and your "
        "balance stays as it is."
    ),
    "toast.closed": "🛠 Maintenance. Please try again a little later. Nothing has changed.",
    # Language and help
    "language.title": "<b>Language</b>\n\nWhich one do you prefer?",
    "toast.language": "I speak English now.",
    "help": (
        "<b>How it works</b>\n\n"
        "1. Tap <b>✨ Generate</b> and choose what to make.\n"
        "2. Answer a few questions.\n"
        "3. Check the price and confirm. The result comes into this chat.\n\n"
        "If a generation does not work out, you get everything back by itself.{free}\n\n"
        "/menu: the main menu\n/balance: what you have\n/history: what you made\n"
        "/language: switch the language\n/terms: on what terms credits are sold\n/support: where to ask\n"
        "/paysupport: payments and refunds\n/help: this page"
    ),
    "help.free": Plural(
        one="\nThere is one free generation a day.", other="\nThere are {count} free generations a day."
    ),
    # Whatever was not expected
    "notice.expired_button": "This button has expired: the tap changed nothing, and nothing was charged.",
    "notice.unknown_callback": "I do not know this button: it may be from an older version. Nothing was charged.",
    "notice.unknown_command": "I do not know this command.",
    "notice.cancelled": "Cancelled. Nothing was charged.",
    "notice.text_in_menu": "To make something of your words, tap <b>✨ Generate</b> first.",
    "notice.photo_in_menu": "To make something of your photo, tap <b>✨ Generate</b> first and choose what.",
    "unexpected.other": "I cannot do anything with that, sorry.",
    "unexpected.sticker": "A nice sticker, but I cannot do anything with it.",
    "unexpected.voice": "I cannot listen to voice messages, sorry.",
    "unexpected.audio": "I cannot listen to audio, sorry.",
    "unexpected.video": "I cannot watch videos, sorry.",
    "unexpected.video_note": "I cannot watch videos, sorry.",
    "unexpected.animation": "I cannot watch animations, sorry.",
    "unexpected.document": "I cannot open files. If it is a picture, please send it as a photo.",
    "unexpected.location": "I do not need your location.",
    "unexpected.contact": "I do not need contacts.",
    "unexpected.poll": "I cannot vote in polls, sorry.",
    "unexpected.dice": "Well rolled! But I cannot do anything with it.",
    "unexpected.story": "I cannot watch stories, sorry.",
    "unexpected.edited_message": "I do not see changes in sent messages. Please send it anew.",
    "group.pointer": "I work in private chats only: @{username}",
    "toast.under_way": "It is already under way: ordered once, and charged once at the most.",
    "toast.settled": "This one is already finished: look into the history. The tap charged nothing.",
    "toast.expired": "This button has expired: the tap changed nothing, and nothing was charged.",
    "toast.sent_again": "Here it is.",
    "too_fast": Plural(
        one="🐢 <b>Not so fast, please</b>\n\nI go on in {count} second. Until then nothing happens, and "
        "nothing was charged: what you have and what is being made stay as they are.",
        other="🐢 <b>Not so fast, please</b>\n\nI go on in {count} seconds. Until then nothing happens, and "
        "nothing was charged: what you have and what is being made stay as they are.",
    ),
    "toast.too_fast": Plural(
        one="🐢 Not so fast, please: I go on in {count} second. Nothing was changed, nothing was charged.",
        other="🐢 Not so fast, please: I go on in {count} seconds. Nothing was changed, nothing was charged.",
    ),
    "notice.too_many": Plural(
        one="Your other generation is still being made, and one goes at a time. Nothing was taken and your order is "
        "kept: confirm it once that one is done.",
        other="{count} of your generations are being made, and no more go at a time. Nothing was taken and your "
        "order is kept: confirm it once one of them is done.",
    ),
    "apology": (
        "😔 <b>Something went wrong on my side.</b>\n\nYour last step changed nothing, and nothing was charged. "
        "Please try once more."
    ),
    # Administrators
    "admin.help": (
        "<b>Administration</b>\n\n"
        "/stats: figures\n"
        "/user ID: a user\n"
        "/attempt ID: an attempt, by correlation or task id\n"
        "/credit ID AMOUNT: give credits\n"
        "/refund CHARGE: give a payment back, with <code>loss</code> at the end also a spent one\n"
        "/broadcast TEXT: write to everybody; /broadcast_go, /broadcast_stop, /broadcast_status\n"
        "/maintenance on or off\n"
        "/mute CODE HOURS REASON, /unmute CODE: a finding\n"
        "/audit: what administrators did"
    ),
    "admin.refund.usage": (
        "Usage: <code>/refund CHARGE</code>. With <code>loss</code> after it the house bears what was spent."
    ),
    "admin.refund.unknown": "There is no payment under this charge id. /user shows those of a user.",
    "admin.refund.refused": (
        "<b>No refund</b>\n\n{reason}\nCredited: {amount}\nThey have: {available}\n"
        "With <code>loss</code> after the charge id the house bears what was spent."
    ),
    "admin.refund.begun": (
        "⏳ Refund of ⭐ {stars} to <code>{user_id}</code> under way.\nTaken from their balance: {taken}\n"
        "Borne by the house: {borne}"
    ),
    "admin.statistics": (
        "<b>Figures</b>\n\nUsers: {users}\nGenerations: {attempts}, in the last 24 hours: {lately}\n"
        "Overdue: {stale}, without an answer: {unknown}\n\nSold for Stars: {sold}\nEarned: {earned}\n"
        "Given away and lost: {given}"
    ),
    "admin.user.usage": "Usage: <code>/user ID</code>",
    "admin.user": (
        "<b>User</b> <code>{user_id}</code>\nFirst seen: {seen}\nBlocked the bot: {blocked}\nAvailable: {available}\n"
        "Held: {held}\n\n<b>Payments</b>\n{payments}\n\n<b>Generations</b>\n{attempts}"
    ),
    "admin.user.payment": "{moment}: ⭐ {stars}, {amount}, {state}\n<code>{charge_id}</code>",
    "admin.user.attempt": "{moment}: {name}, {state}\n<code>{correlation_id}</code>",
    "admin.attempt.usage": "Usage: <code>/attempt ID</code>, a correlation id or a task id",
    "admin.attempt": (
        "<b>{name}</b>\nUser: <code>{user_id}</code>\nState: {state}\nFunding: {funding}, price: {price}\n"
        "Begun: {created}\nChanged: {changed}\nJob: {job_id}\nFailure: {failure}\nTask: <code>{task_id}</code>\n"
        "Correlation: <code>{correlation_id}</code>"
    ),
    "admin.audit": "<b>What administrators did</b>\n\n{lines}",
    "admin.audit.line": "{moment}: {admin_id} {action} {subject} {outcome}",
    "admin.maintenance.usage": "Usage: <code>/maintenance on</code> or <code>/maintenance off</code>",
    "admin.maintenance.on": (
        "🛠 Maintenance is on: users are asked to come back later, and purchases are off. What is being made goes on."
    ),
    "admin.maintenance.off": "✅ Maintenance is off.",
    "admin.broadcast.usage": "Usage: <code>/broadcast TEXT</code>, at most {limit} characters",
    "admin.broadcast.busy": "A broadcast is under way: /broadcast_status, /broadcast_stop",
    "admin.broadcast.drafted": "Everybody will see it like this. Send it: /broadcast_go",
    "admin.broadcast.begun": "📣 On its way. How far it is: /broadcast_status. Enough: /broadcast_stop",
    "admin.broadcast.status": "📣 Broadcast: {state}. Messages queued: {queued}",
    "admin.broadcast.ended": "📣 The broadcast has come to its end. Messages queued: {queued}",
    "broadcast.state.none": "there is none",
    "broadcast.state.draft": "drafted",
    "broadcast.state.running": "under way",
    "broadcast.state.stopped": "stopped, /broadcast_go goes on",
    "broadcast.state.ended": "done",
    "admin.mute.usage": (
        "Usage: <code>/mute CODE HOURS REASON</code> or <code>/unmute CODE</code>. One that is not "
        "found now: <code>/mute CODE&lt;=N ...</code>, at most so many affected"
    ),
    "admin.mute.refused": "Not muted: {reason}.",
    "admin.muted": "🔕 {code} does not count for so many hours: {hours}",
    "admin.unmuted": "🔔 {code} counts again.",
    "admin.not_muted": "{code} was not muted.",
    "admin.credited": "✅ Credited to <code>{user_id}</code>: {amount}\nThey have now: {available}",
    "admin.usage": "Usage: <code>/credit USER AMOUNT</code>, for instance <code>/credit 123456789 50</code>",
    "admin.bad_shape": "A user and an amount are needed, nothing else.",
    "admin.bad_user": "The user is a Telegram id: a whole number above zero.",
    "admin.bad_amount": "The amount is a number above zero with at most two decimals.",
    "admin.unknown_user": "There is no user <code>{user_id}</code> here. They have to write /start to me first.",
    "credited": "🎁 You have received: {amount}\nYou have now: {available}",
    # Telegram's list of commands
    "command.menu": "Main menu",
    "command.generate": "Make something",
    "command.balance": "What you have",
    "command.history": "What you made",
    "command.language": "Switch the language",
    "command.terms": "On what terms credits are sold",
    "command.support": "Where to ask",
    "command.paysupport": "Payments and refunds",
    "command.help": "How it works",
}

ENGLISH: Final = Language(
    code="en",
    entries=_ENTRIES,
    category=lambda count: "one" if count == 1 else "other",
    decimal_mark=".",
    thousands_mark=",",
)
