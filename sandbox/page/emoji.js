// The emoji names that bots write, as characters. A name that is not here stays as it was written.
const CHARACTERS = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫",
  octagonal_sign: "🛑", stop_sign: "🛑", warning: "⚠️", rotating_light: "🚨", fire: "🔥", red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", question: "❓", grey_question: "❔", exclamation: "❗", information_source: "ℹ️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📅",
  lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️", arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️",
  leftwards_arrow_with_hook: "↩️", arrows_counterclockwise: "🔄", repeat: "🔁", rewind: "⏪", fast_forward: "⏩",
  floppy_disk: "💾", package: "📦", file_folder: "📁", page_facing_up: "📄", memo: "📝", clipboard: "📋", link: "🔗",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", mag: "🔍", eyes: "👀", eye: "👁️",
  gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", construction: "🚧", electric_plug: "🔌", bulb: "💡", bell: "🔔",
  snowflake: "❄️", zap: "⚡", rocket: "🚀", tada: "🎉", thinking_face: "🤔", wave: "👋", raised_hand: "✋", point_right: "👉",
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", ok_hand: "👌", pray: "🙏", skull: "💀", bug: "🐛", robot_face: "🤖",
};

export const emoji = (code) => CHARACTERS[code] ?? `:${code}:`;

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, code) => CHARACTERS[code] ?? whole);
