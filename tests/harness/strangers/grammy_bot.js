// A bot as grammY's users write it: nothing in it knows that its Telegram is simulated, but the address.
const { Bot, InlineKeyboard } = require("grammy");

const bot = new Bot(process.env.BOT_TOKEN, { client: { apiRoot: process.env.API_ROOT } });
const counts = new Map();

bot.command("start", (ctx) =>
  ctx.reply("Welcome, " + ctx.from.first_name, {
    reply_markup: new InlineKeyboard().text("Count", "count").text("Stop", "stop"),
  }));
bot.callbackQuery("count", async (ctx) => {
  const count = (counts.get(ctx.from.id) ?? 0) + 1;
  counts.set(ctx.from.id, count);
  await ctx.answerCallbackQuery({ text: "Counted" });
  await ctx.editMessageText("Counted: " + count, { reply_markup: ctx.msg.reply_markup });
});
bot.on("message:photo", async (ctx) => {
  const file = await ctx.getFile();
  const response = await fetch(`${process.env.API_ROOT}/file/bot${process.env.BOT_TOKEN}/${file.file_path}`);
  await ctx.reply("Bytes: " + (await response.arrayBuffer()).byteLength);
});
bot.on("message:text", (ctx) => ctx.reply(ctx.msg.text, { reply_parameters: { message_id: ctx.msg.message_id } }));
bot.catch((error) => console.error(error.message));

process.on("SIGTERM", () => bot.stop());
bot.start({ onStart: () => console.log("started") });
