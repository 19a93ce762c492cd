// What one side wants of permessage-deflate, written as the parameters of RFC 7692 7.1, in the library's words.
export function deflateOptions(wishes) {
  // Every message is compressed, so that small ones are tested too.
  const options = { threshold: 0 };
  for (const parameter of wishes.split(";").map((text) => text.trim()).filter(Boolean)) {
    const [name, bits] = parameter.split("=");
    options[name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())] = bits === undefined ? true : Number(bits);
  }
  return options;
}
