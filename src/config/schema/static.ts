/** Keys of `server.static`: files that navigator serves itself. */
import * as z from 'zod'
import { age, bool, headerFields, prefix, section, size, text, texts } from './values.ts'

const cacheOverride = section({
  path: text.meta({ description: 'URL prefix this is for, root_path included; the longest that fits wins.', examples: ['/assets/'] }),
  max_age: age.exactOptional().meta({ description: 'How long a browser may keep the file. Default: no header.', examples: ['24h', '1y'] }),
  immutable: bool.prefault('false').meta({ description: 'Whether to say that the file never changes. Needs max_age.' }),
})

const cacheControl = section({
  default: age.exactOptional().meta({ description: 'How long a browser may keep a file. Default: no header.', examples: ['1h', '0'] }),
  default_immutable: bool.prefault('false').meta({ description: 'Whether to say that files never change. Needs default.' }),
  overrides: z.array(cacheOverride).prefault([]).meta({ description: 'Other ages for some prefixes.' }),
})

const directory = section({
  path: prefix.meta({ description: 'URL prefix, root_path included.', examples: ['/assets/'] }),
  dir: text.exactOptional().meta({ description: 'Directory, relative to public_dir. Default: the path.', examples: ['assets/'] }),
  root: text.exactOptional().meta({ description: 'The same as dir.', examples: ['assets/'] }),
  prefix: text.exactOptional().meta({ description: 'The same as dir.', examples: ['assets/'] }),
  cache: age
    .exactOptional()
    .meta({ description: 'How long a browser may keep its files. Default: as cache_control says.', examples: ['24h'] }),
})

/** Keys of `server.static`. */
export const staticFiles = section({
  public_dir: text.prefault('public').meta({
    description:
      'Directory of files served without a tenant, relative to where navigator was started. Nothing outside it is served but where a symbolic link in it leads. Names that begin with a dot are not served, except below /.well-known/.',
    examples: ['/app/current/public'],
  }),
  follow_symlinks: bool.prefault('true').meta({
    description:
      'Whether links below public_dir may lead out of it, as deployments that link public/assets or public/uploads to a shared directory need. public_dir itself may always be reached through links. Set false where people you do not trust can create links below it, such as by unpacking archives.',
    examples: ['false'],
  }),
  allowed_extensions: texts.prefault([]).meta({
    description: 'Extensions that may be served, in any case. Files that try_files completes are not bound by it. Default: all.',
    examples: [['html', 'css']],
  }),
  try_files: texts.prefault([]).meta({
    description:
      'Endings tried after a path without extension that is not a file itself, in this order, before any tenant is asked. Default: none, and such paths are not looked for.',
    examples: [['index.html', '.html', '.htm']],
  }),
  normalize_trailing_slashes: bool.prefault('false').meta({
    description: 'Whether /a is redirected to /a/ (301, with its query) where that is a directory with an index.html.',
  }),
  cache_control: cacheControl
    .prefault({})
    .meta({ description: 'The Cache-Control header of files: public, or private where a password is asked for. Default: none.' }),
  precompressed: bool.prefault('true').meta({
    description:
      'Whether app.js.br, app.js.zst or app.js.gz is sent in place of app.js to clients that take it. They are not compared with app.js: whoever writes app.js writes them too.',
  }),
  memory: size.prefault('32M').meta({
    description: 'Memory for files of up to 256 KB, per worker. Files are looked at again at most once a second. 0: none are kept.',
    examples: ['64M'],
  }),
  x_sendfile: texts.prefault([]).meta({
    description:
      'Directories, relative to the root of each tenant, whose files the tenant may have sent by answering with X-Sendfile or X-Accel-Redirect and the absolute path of the file. Default: none, and these headers go to the client as they are.',
    examples: [['storage'], ['.', '/data/uploads']],
  }),
  directories: z.array(directory).prefault([]).meta({ description: 'Other directories for some URL prefixes. Default: none.' }),
  fallback: text.exactOptional().meta({
    description: 'File in public_dir served (200) where no tenant, route or other file answers. Default: none.',
    examples: ['503.html'],
  }),
  paths: texts.exactOptional().meta({
    description: 'URL patterns that may be served from files; * stands for anything. Default: all.',
    examples: [['/assets/*']],
  }),
  headers: headerFields.prefault({}).meta({
    description: 'Headers of files; _ stands for -. A cache_control here is the default for files that have none.',
    examples: [{ cache_control: 'public, max-age=3600' }],
  }),
})
