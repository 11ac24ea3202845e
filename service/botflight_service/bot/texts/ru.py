"""Russian."""

from __future__ import annotations

from typing import Final

from botflight_service.bot.texts.catalog import Entry, Language, Plural

_ENTRIES: Final[dict[str, Entry]] = {
    "language.name": "Русский",
    "credits": Plural(one="{count} кредит", few="{count} кредита", many="{count} кредитов", other="{count} кредита"),
    "moment": "{day:02}.{month:02}.{year} {hour:02}:{minute:02}",
    # Главное меню
    "menu.welcome": (
        "<b>Привет!</b> Я превращаю слова и фото в картинки, короткие видео и звуки.\n\n"
        "Нажмите <b>✨ Создать</b> и выберите, что сделать: пара вопросов — и я возьмусь за дело."
    ),
    "menu.title": "<b>Главное меню</b>\n\nЧто будем делать?",
    "button.main_menu": "🏠 Главное меню",
    "button.generate": "✨ Создать",
    "button.balance": "💳 Баланс",
    "button.history": "🗂 История",
    "button.top_up": "➕ Пополнить",
    "button.language": "🌐 Язык",
    "button.help": "❓ Помощь",
    "button.back": "⬅️ Назад",
    "button.cancel": "✖️ Отмена",
    "button.confirm": "✅ Подтвердить",
    "button.resume": "↩️ Вернуться к заказу",
    "button.repeat": "🔁 Повторить",
    "button.send_again": "📤 Прислать ещё раз",
    "button.newer": "« Новее",
    "button.older": "Старше »",
    "button.model": "{name} · {price}",
    "button.attempt": "{mark} {name} · {moment}",
    "button.chosen": "✓ {name}",
    # Выбор модели и вопросы
    "models.title": "<b>Что создаём?</b>\n\nЦена указана за одну генерацию.",
    "models.free": "Бесплатно сегодня: {left} из {limit}",
    "model.card": "<b>{name}</b>\n{about}\nЦена: {price}",
    "model.text_to_image.name": "🎨 Картинка по описанию",
    "model.text_to_image.about": "Опишите словами — я нарисую.",
    "model.text_to_image.prompt": "Что должно быть на картинке?",
    "model.text_to_image.shape": "Какой формат выбрать?",
    "model.image_to_image.name": "🖌 Изменить фото",
    "model.image_to_image.about": "Пришлите фото и скажите, что в нём изменить.",
    "model.image_to_image.photo": "Какое фото изменить?",
    "model.image_to_image.prompt": "Что в нём изменить?",
    "model.text_to_video.name": "🎬 Видео по описанию",
    "model.text_to_video.about": "Короткое видео без звука по вашему описанию.",
    "model.text_to_video.prompt": "Что происходит в видео?",
    "model.text_to_video.shape": "Какой формат выбрать?",
    "model.text_to_video.seconds": "Сколько секунд оно должно длиться?",
    "model.text_to_audio.name": "🎧 Звук по описанию",
    "model.text_to_audio.about": "Звуковой эффект к сцене, которую вы опишете.",
    "model.text_to_audio.prompt": "Что должно звучать?",
    "model.text_to_audio.seconds": "Сколько секунд он должен длиться?",
    "model.upscale.name": "🔍 Увеличить фото",
    "model.upscale.about": "То же фото, только крупнее и чётче.",
    "model.upscale.photo": "Какое фото увеличить?",
    "model.upscale.factor": "Во сколько раз увеличить?",
    "input.prompt": "Описание",
    "input.photo": "Фото",
    "input.shape": "Формат",
    "input.shape.1:1": "Квадрат 1:1",
    "input.shape.3:4": "Портрет 3:4",
    "input.shape.4:3": "Пейзаж 4:3",
    "input.shape.9:16": "Вертикаль 9:16",
    "input.shape.16:9": "Широкий экран 16:9",
    "input.seconds": "Длительность, с",
    "input.seconds.5": "5 секунд",
    "input.seconds.10": "10 секунд",
    "input.factor": "Увеличение",
    "input.factor.2": "В 2 раза",
    "input.factor.4": "В 4 раза",
    "value.photo": "📷 ваше фото",
    "question": "<i>Шаг {step} из {steps}</i>\n<b>{question}</b>\n{hint}",
    "hint.text": Plural(
        one="Напишите сообщением, до {count} символа.", other="Напишите сообщением, до {count} символов."
    ),
    "hint.photo": "Пришлите фото сюда. Именно фото, а не файл.",
    "hint.choice": "Нажмите одну из кнопок.",
    "hint.number": "Нажмите кнопку или отправьте целое число от {minimum} до {maximum}.",
    "hint.number_typed": "Отправьте целое число от {minimum} до {maximum}.",
    # Ответы, которые не подошли; дальше снова идёт вопрос
    "bad.empty": "В этом сообщении нет текста.",
    "bad.too_long": "Слишком длинно. Символов: {length}, а поместится {limit}. Попробуйте короче.",
    "bad.not_a_number": "Это не целое число.",
    "bad.out_of_range": "Это число не подходит: нужно от {minimum} до {maximum}.",
    "bad.not_a_choice": "Такого варианта нет.",
    "bad.text_for_photo": "Это текст, а я жду фото.",
    "bad.photo_for_text": "Это фото, а я жду описание словами.",
    "bad.photo_for_choice": "Это фото, а я жду нажатия на кнопку.",
    "bad.photo_for_number": "Это фото, а я жду число.",
    "bad.at_confirm": "Всё готово: подтвердите заказ или вернитесь назад.",
    # Экран подтверждения
    "confirm": "<b>Всё верно?</b>\n\n<b>{name}</b>\n{answers}\n\n{terms}",
    "confirm.answer": "{label}: {value}",
    "confirm.price": "Цена: {price}\nНа балансе: {available}",
    "confirm.short": "Цена: {price}\nНа балансе: {available}\nНе хватает: {missing}",
    "confirm.free": "Бесплатно сегодня: {left} из {limit}",
    "notice.offer_changed": "За это время условия изменились, поэтому ничего не списано. Проверьте ещё раз.",
    # В работе
    "progress.queued": "⏳ <b>В очереди</b>\n{name}\n\nПришлю результат сюда. А пока можно заняться чем-нибудь ещё.",
    "progress.generating": "🎨 <b>Создаю</b>\n{name}\n\n{bar} {elapsed} с, обычно около {expected} с",
    "progress.slow": "🎨 <b>Создаю</b>\n{name}\n\n{bar} {elapsed} с. Дольше обычного, но работа идёт.",
    "progress.done": "✅ <b>Готово</b> за {elapsed} с\n{name}",
    "progress.checking": (
        "🔎 <b>Проверяю</b>\n{name}\n\nГенератор не ответил вовремя. В течение 15 минут я либо пришлю результат, "
        "либо верну {money}."
    ),
    "progress.checking.price": "{price} на баланс",
    "progress.checking.free": "бесплатную генерацию",
    "result": "<b>{name}</b>\n{answers}\n\n{paid}",
    "result.price": "Списано: {price}",
    "result.free": "Бесплатно",
    "result.late": "Ничего не списано: ждать пришлось так долго, что это подарок.",
    "failed": "😔 <b>Не получилось</b>\n{name}\n\n{reason}\n{money}",
    "given_up": "😔 <b>Ответа нет</b>\n{name}\n\nГенератор молчит уже 15 минут.\n{money}",
    "money.price": "Ничего не списано. Вернулось на баланс: {price}.",
    "money.free": "Ничего не списано, бесплатная генерация снова ваша.",
    "failure.other": "В этот раз генератор не справился. Попробуйте ещё раз.",
    "failure.refused": "Генератор не взял этот заказ. Измените его и попробуйте ещё раз.",
    "failure.content_refused": "Генератор не принял это описание или фото. Попробуйте сказать иначе.",
    "failure.not_a_photo": "Генератор не смог прочитать это фото. Попробуйте другое.",
    "failure.photo_too_large": "Это фото слишком большое для генератора. Пришлите поменьше.",
    "failure.took_too_long": "Генератор работал слишком долго.",
    "failure.input_gone": "Telegram больше не отдаёт мне ваше фото. Пришлите его ещё раз.",
    "failure.file_refused": "Результат готов, но Telegram не принимает этот файл.",
    "failure.not_delivered": "Результат готов, но его не удавалось отправить вам целые сутки.",
    "failure.chat_gone": "Telegram не дал мне отправить готовый файл в этот чат.",
    "failure.unavailable": "Генератор сейчас недоступен. Попробуйте через несколько минут.",
    # Баланс, история, пополнение
    "balance": "<b>Баланс</b>\n\nДоступно: {available}{held}{free}",
    "balance.held": "\nОтложено на то, что сейчас создаётся: {held}",
    "balance.free": "\nБесплатно сегодня: {left} из {limit}",
    "history.title": "<b>История</b>\n\nСначала новое. Нажмите, чтобы узнать больше.",
    "history.empty": "<b>История</b>\n\nПока пусто. Здесь появится всё, что вы создадите.",
    "history.end": "<b>История</b>\n\nДальше ничего нет.",
    "attempt": "<b>{name}</b>\n{state}, {moment}\n{paid}\n\n{answers}",
    "attempt.unknown_model": "Модель, которой больше нет",
    "attempt.paid.charged": "Списано: {price}",
    "attempt.paid.held": "Отложено: {price}",
    "attempt.paid.nothing": "Ничего не списано",
    "attempt.paid.free": "Бесплатно",
    "attempt.caption": "<b>{name}</b>\n{moment}",
    "state.confirmed": "В очереди",
    "state.submitting": "В очереди",
    "state.running": "Создаётся",
    "state.succeeded": "Готово",
    "state.delivered": "Готово",
    "state.failed": "Не получилось",
    "state.unknown": "Проверяется",
    "state.refunded": "Возвращено",
    "notice.attempt_missing": "Не нахожу эту генерацию. Ничего не списано.",
    "notice.file_missing": "У этой генерации нет файла. За запрос ничего не списано.",
    "notice.model_gone": "Этого больше нет, и ничего не списано. Выберите что-нибудь другое.",
    "top_up": "<b>Пополнение</b>\n\nНа балансе: {available}\n\n{how}",
    "top_up.short": (
        "<b>Не хватает кредитов</b>\n\nЦена: {price}\nНа балансе: {available}\nНе хватает: {missing}\n\n{how}\n\n"
        "Заказ сохранён, ничего не списано."
    ),
    "top_up.ask": (
        "Выберите пакет, он оплачивается звёздами Telegram. Условия: /terms\n"
        "Ваш номер, если спросят, копируется нажатием: <code>{user_id}</code>"
    ),
    "top_up.ask_contact": (
        "Выберите пакет, он оплачивается звёздами Telegram. Условия: /terms\n"
        "Для другого способа напишите {contact} и передайте ваш номер, он копируется нажатием: <code>{user_id}</code>"
    ),
    # Оплата звёздами
    "button.buy": "{amount} · ⭐ {stars}",
    "button.pay": "Оплатить ⭐ {stars}",
    "button.ask_refund": "↩️ Вернуть ⭐ {stars}",
    "button.confirm_refund": "↩️ Да, вернуть",
    "invoice.about": "Кредиты на картинки, видео и звуки в этом чате.",
    "notice.pack_gone": "Этого пакета больше нет, и ничего не списано. Выберите другой.",
    "check_out.unknown": "Не знаю такого счёта. Откройте «Пополнить» и выберите пакет. Ничего не списано.",
    "check_out.not_yours": "Это чужой счёт. Откройте «Пополнить», чтобы получить свой. Ничего не списано.",
    "check_out.changed": "Этот пакет изменился. Откройте «Пополнить» и выберите заново. Ничего не списано.",
    "check_out.closed": "Идут технические работы. Попробуйте чуть позже. Ничего не списано.",
    "payment.credited": (
        "✅ <b>Спасибо!</b>\n\nОплачено: ⭐ {stars}\nНачислено: {amount}\nТеперь на балансе: {available}"
    ),
    "payment.found": (
        "✅ <b>Ваш платёж нашёлся</b>\n\nОн дошёл до меня не сразу, извините.\nОплачено: ⭐ {stars}\n"
        "Начислено: {amount}"
    ),
    "payment.unclear": (
        "🔎 <b>Ваш платёж здесь</b>\n\nОплачено: ⭐ {stars}. Я не знаю, за что этот счёт, поэтому ничего не начислено. "
        "Вернуть звёзды можно здесь: /paysupport"
    ),
    "payment.state.paid": "оплачено",
    "payment.state.refunding": "возвращается",
    "payment.state.refunded": "возвращено",
    "pay_support": (
        "<b>Платежи</b>\n\n{payments}\n\nПлатёж, кредиты которого не потрачены, можно вернуть здесь. "
        "Дней на это: {days}. {help}"
    ),
    "pay_support.none": "Вы пока ничего не оплачивали.",
    "pay_support.line": "{moment}: ⭐ {stars}, {amount}, {state}",
    "refund.ask": "<b>Вернуть ⭐ {stars}?</b>\n\nЗвёзды вернутся к вам, а с баланса уйдёт: {amount}",
    "refund.begun": "⏳ <b>Возвращаю</b>\n\nСнято с баланса: {amount}\nВернётся к вам: ⭐ {stars}",
    "refund.done": "↩️ <b>Возвращено</b>\n\nК вам вернулось: ⭐ {stars}",
    "refund.failed": (
        "😔 <b>Вернуть не получилось</b>\n\nTelegram не вернул ⭐ {stars}. Снова на балансе: {amount}. "
        "Напишите, пожалуйста, в /support"
    ),
    "refund.refused": "<b>Вернуть нельзя</b>\n\n{reason} Ничего не изменилось. {help}",
    "no_refund.done": "Этот платёж уже возвращён.",
    "no_refund.under_way": "Этот платёж уже возвращается.",
    "no_refund.too_old": "Срок возврата этого платежа прошёл.",
    "no_refund.spent": (
        "Telegram возвращает платёж только целиком, а часть его кредитов потрачена или отложена на то, что создаётся."
    ),
    "support": "<b>Поддержка</b>\n\n{help}\n\nО платежах и возвратах: /paysupport",
    "support.ask": "Спросите администратора и назовите ваш номер, он копируется нажатием: <code>{user_id}</code>",
    "support.ask_contact": "Напишите {contact} и назовите ваш номер, он копируется нажатием: <code>{user_id}</code>",
    "terms": (
        "<b>Условия</b>\n\n"
        "1. Кредиты оплачивают генерации в этом боте и больше ничего. Их нельзя передать или обменять на деньги.\n"
        "2. Цена видна до подтверждения. Что не получилось, то бесплатно.\n"
        "3. Платёж звёздами можно вернуть целиком, пока его кредиты не потрачены. "
        "Дней на это: {days}. См. /paysupport\n"
        "4. Не просите того, что нарушает закон или правила Telegram.\n"
        "5. За платежи отвечаем мы: поддержка Telegram с ними не поможет. {help}"
    ),
    # Технические работы
    "closed": (
        "🛠 <b>Технические работы</b>\n\nМеня чинят, скоро вернусь. То, что создаётся, придёт сюда. Баланс не изменится."
    ),
    "toast.closed": "🛠 Технические работы. Попробуйте чуть позже. Ничего не изменилось.",
    # Язык и помощь
    "language.title": "<b>Язык</b>\n\nНа каком языке говорим?",
    "toast.language": "Теперь говорю по-русски.",
    "help": (
        "<b>Как это работает</b>\n\n"
        "1. Нажмите <b>✨ Создать</b> и выберите, что сделать.\n"
        "2. Ответьте на пару вопросов.\n"
        "3. Проверьте цену и подтвердите. Результат придёт в этот чат.\n\n"
        "Если генерация не удалась, всё вернётся само.{free}\n\n"
        "/menu — главное меню\n/balance — что у вас есть\n/history — что вы создали\n"
        "/language — сменить язык\n/terms — на каких условиях продаются кредиты\n/support — где спросить\n"
        "/paysupport — платежи и возвраты\n/help — эта страница"
    ),
    "help.free": Plural(
        one="\nКаждый день — {count} бесплатная генерация.",
        few="\nКаждый день — {count} бесплатные генерации.",
        many="\nКаждый день — {count} бесплатных генераций.",
        other="\nБесплатных генераций в день: {count}.",
    ),
    # Всё неожиданное
    "notice.expired_button": "Эта кнопка больше не работает: ничего не изменилось, ничего не списано.",
    "notice.unknown_callback": "Не знаю такой кнопки: возможно, она из старой версии. Ничего не списано.",
    "notice.unknown_command": "Не знаю такой команды.",
    "notice.cancelled": "Отменено. Ничего не списано.",
    "notice.text_in_menu": "Чтобы сделать что-то по вашему описанию, сначала нажмите <b>✨ Создать</b>.",
    "notice.photo_in_menu": "Чтобы сделать что-то с фото, сначала нажмите <b>✨ Создать</b> и выберите, что именно.",
    "unexpected.other": "С таким я работать не умею.",
    "unexpected.sticker": "Классный стикер! Но сделать из него я ничего не смогу.",
    "unexpected.voice": "Голосовые я слушать не умею.",
    "unexpected.audio": "Аудио я слушать не умею.",
    "unexpected.video": "Видео я смотреть не умею.",
    "unexpected.video_note": "Видео я смотреть не умею.",
    "unexpected.animation": "Анимации я смотреть не умею.",
    "unexpected.document": "Файлы я открывать не умею. Если это картинка, пришлите её как фото.",
    "unexpected.location": "Ваше местоположение мне не нужно.",
    "unexpected.contact": "Контакты мне не нужны.",
    "unexpected.poll": "Голосовать в опросах я не умею.",
    "unexpected.dice": "Отличный бросок! Но сделать из него я ничего не смогу.",
    "unexpected.story": "Истории я смотреть не умею.",
    "unexpected.edited_message": "Правок в отправленных сообщениях я не вижу. Отправьте заново.",
    "group.pointer": "Я работаю только в личных сообщениях: @{username}",
    "toast.under_way": "Уже в работе: заказано один раз, и спишется не больше одного раза.",
    "toast.settled": "Эта генерация уже завершена: загляните в историю. Нажатие ничего не списало.",
    "toast.expired": "Эта кнопка больше не работает: ничего не изменилось, ничего не списано.",
    "toast.sent_again": "Вот, держите.",
    "too_fast": Plural(
        one="🐢 <b>Не так быстро, пожалуйста</b>\n\nПродолжу через {count} секунду. До тех пор ничего не происходит, "
        "и ничего не списано: баланс и заказы остаются как есть.",
        few="🐢 <b>Не так быстро, пожалуйста</b>\n\nПродолжу через {count} секунды. До тех пор ничего не происходит, "
        "и ничего не списано: баланс и заказы остаются как есть.",
        other="🐢 <b>Не так быстро, пожалуйста</b>\n\nПродолжу через {count} секунд. До тех пор ничего не происходит, "
        "и ничего не списано: баланс и заказы остаются как есть.",
    ),
    "toast.too_fast": Plural(
        one="🐢 Не так быстро, пожалуйста: продолжу через {count} секунду. Ничего не изменилось и не списано.",
        few="🐢 Не так быстро, пожалуйста: продолжу через {count} секунды. Ничего не изменилось и не списано.",
        other="🐢 Не так быстро, пожалуйста: продолжу через {count} секунд. Ничего не изменилось и не списано.",
    ),
    "notice.too_many": Plural(
        one="В работе уже {count} ваша генерация, и больше сразу нельзя. Ничего не списано, заказ сохранён: "
        "подтвердите его, когда освободится место.",
        few="В работе уже {count} ваши генерации, и больше сразу нельзя. Ничего не списано, заказ сохранён: "
        "подтвердите его, когда освободится место.",
        other="В работе уже {count} ваших генераций, и больше сразу нельзя. Ничего не списано, заказ сохранён: "
        "подтвердите его, когда освободится место.",
    ),
    "apology": (
        "😔 <b>Что-то пошло не так на моей стороне.</b>\n\nВаше последнее действие ничего не изменило, и ничего не "
        "списано. Попробуйте ещё раз."
    ),
    # Администраторам
    "admin.help": (
        "<b>Управление</b>\n\n"
        "/stats — цифры\n"
        "/user ID — пользователь\n"
        "/attempt ID — генерация, по correlation или task id\n"
        "/credit ID СУММА — начислить кредиты\n"
        "/refund CHARGE — вернуть платёж, с <code>loss</code> в конце и потраченный\n"
        "/broadcast ТЕКСТ — написать всем; /broadcast_go, /broadcast_stop, /broadcast_status\n"
        "/maintenance on или off\n"
        "/mute КОД ЧАСЫ ПРИЧИНА, /unmute КОД — замечание диагностики\n"
        "/audit — что делали администраторы"
    ),
    "admin.refund.usage": (
        "Как пользоваться: <code>/refund CHARGE</code>. С <code>loss</code> в конце потраченное оплатит магазин."
    ),
    "admin.refund.unknown": "Платежа с таким номером нет. Платежи пользователя показывает /user",
    "admin.refund.refused": (
        "<b>Вернуть нельзя</b>\n\n{reason}\nНачислено: {amount}\nНа балансе: {available}\n"
        "С <code>loss</code> после номера потраченное оплатит магазин."
    ),
    "admin.refund.begun": (
        "⏳ Возвращаю ⭐ {stars} пользователю <code>{user_id}</code>.\nСнято с баланса: {taken}\n"
        "Оплатил магазин: {borne}"
    ),
    "admin.statistics": (
        "<b>Цифры</b>\n\nПользователей: {users}\nГенераций: {attempts}, за сутки: {lately}\n"
        "Просрочено: {stale}, без ответа: {unknown}\n\nПродано за звёзды: {sold}\nЗаработано: {earned}\n"
        "Подарено и потеряно: {given}"
    ),
    "admin.user.usage": "Как пользоваться: <code>/user ID</code>",
    "admin.user": (
        "<b>Пользователь</b> <code>{user_id}</code>\nВпервые здесь: {seen}\nЗаблокировал бота: {blocked}\n"
        "Доступно: {available}\nОтложено: {held}\n\n<b>Платежи</b>\n{payments}\n\n<b>Генерации</b>\n{attempts}"
    ),
    "admin.user.payment": "{moment}: ⭐ {stars}, {amount}, {state}\n<code>{charge_id}</code>",
    "admin.user.attempt": "{moment}: {name}, {state}\n<code>{correlation_id}</code>",
    "admin.attempt.usage": "Как пользоваться: <code>/attempt ID</code>, correlation id или task id",
    "admin.attempt": (
        "<b>{name}</b>\nПользователь: <code>{user_id}</code>\nСостояние: {state}\nОплата: {funding}, цена: {price}\n"
        "Начато: {created}\nИзменено: {changed}\nРабота: {job_id}\nСбой: {failure}\nTask: <code>{task_id}</code>\n"
        "Correlation: <code>{correlation_id}</code>"
    ),
    "admin.audit": "<b>Что делали администраторы</b>\n\n{lines}",
    "admin.audit.line": "{moment}: {admin_id} {action} {subject} {outcome}",
    "admin.maintenance.usage": "Как пользоваться: <code>/maintenance on</code> или <code>/maintenance off</code>",
    "admin.maintenance.on": (
        "🛠 Технические работы начались: пользователей просят зайти позже, покупки закрыты. Начатое доделывается."
    ),
    "admin.maintenance.off": "✅ Технические работы окончены.",
    "admin.broadcast.usage": "Как пользоваться: <code>/broadcast ТЕКСТ</code>, символов не больше {limit}",
    "admin.broadcast.busy": "Рассылка уже идёт: /broadcast_status, /broadcast_stop",
    "admin.broadcast.drafted": "Так это увидят все. Разослать: /broadcast_go",
    "admin.broadcast.begun": "📣 Рассылаю. Сколько уже: /broadcast_status. Хватит: /broadcast_stop",
    "admin.broadcast.status": "📣 Рассылка: {state}. Сообщений поставлено в очередь: {queued}",
    "admin.broadcast.ended": "📣 Рассылка закончена. Сообщений поставлено в очередь: {queued}",
    "broadcast.state.none": "её нет",
    "broadcast.state.draft": "черновик",
    "broadcast.state.running": "идёт",
    "broadcast.state.stopped": "остановлена, продолжить: /broadcast_go",
    "broadcast.state.ended": "закончена",
    "admin.mute.usage": (
        "Как пользоваться: <code>/mute КОД ЧАСЫ ПРИЧИНА</code> или <code>/unmute КОД</code>. Если "
        "сейчас такого нет: <code>/mute КОД&lt;=N ...</code>, задето не больше"
    ),
    "admin.mute.refused": "Не заглушено: {reason}.",
    "admin.muted": "🔕 {code} не считается, часов: {hours}",
    "admin.unmuted": "🔔 {code} снова считается.",
    "admin.not_muted": "{code} не заглушали.",
    "admin.credited": "✅ Начислено пользователю <code>{user_id}</code>: {amount}\nТеперь на балансе: {available}",
    "admin.usage": "Как пользоваться: <code>/credit ID СУММА</code>, например <code>/credit 123456789 50</code>",
    "admin.bad_shape": "Нужны пользователь и сумма, больше ничего.",
    "admin.bad_user": "Пользователь — это его номер в Telegram: целое число больше нуля.",
    "admin.bad_amount": "Сумма — это число больше нуля, не больше двух знаков после запятой.",
    "admin.unknown_user": "Пользователя <code>{user_id}</code> здесь нет. Сначала он должен написать мне /start.",
    "credited": "🎁 Вам начислено: {amount}\nТеперь на балансе: {available}",
    # Список команд в Telegram
    "command.menu": "Главное меню",
    "command.generate": "Создать",
    "command.balance": "Что у вас есть",
    "command.history": "Что вы создали",
    "command.language": "Сменить язык",
    "command.terms": "На каких условиях",
    "command.support": "Где спросить",
    "command.paysupport": "Платежи и возвраты",
    "command.help": "Как это работает",
}


#: Eleven to fourteen are `many` although they end in one to four.
_TEENS: Final = range(11, 15)
_FEW: Final = range(2, 5)


def _category(count: int) -> str:
    if count % 100 in _TEENS:
        return "many"
    if count % 10 == 1:
        return "one"
    return "few" if count % 10 in _FEW else "many"


RUSSIAN: Final = Language(
    code="ru",
    entries=_ENTRIES,
    category=_category,
    decimal_mark=",",
    thousands_mark="\N{NO-BREAK SPACE}",
)
