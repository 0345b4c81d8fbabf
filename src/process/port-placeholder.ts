/** Puts the port in the place of each `{{port}}`, `${port}` and `${PORT}`. */
export const withPort = (text: string, port: number): string => text.replace(/\{\{\s*port\s*\}\}|\$\{(?:port|PORT)\}/g, String(port))
