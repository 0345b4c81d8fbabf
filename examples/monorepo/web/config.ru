# A guest book. One process and one SQLite file for each tenant.
require "sqlite3"
require "fileutils"
require "rack"

PROJECT = File.expand_path("../../..", __dir__)
DATABASE = File.expand_path(ENV.fetch("DATABASE_URL").delete_prefix("sqlite3:"), PROJECT)
FileUtils.mkdir_p(File.dirname(DATABASE))

DB = SQLite3::Database.new(DATABASE)
DB.busy_timeout = 2_000
DB.execute("CREATE TABLE IF NOT EXISTS guests (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")

app = lambda do |env|
  request = Rack::Request.new(env)
  name = request.post? ? request.params["name"].to_s.strip : ""
  DB.execute("INSERT INTO guests (name) VALUES (?)", [name]) unless name.empty?
  guests = DB.execute("SELECT name FROM guests ORDER BY id").flatten
  body = {
    app: "web", mode: ENV["APP_MODE"], database: File.basename(DATABASE), path: request.path,
    host: env["HTTP_X_FORWARDED_HOST"], guests: guests,
  }
  require "json"
  [200, { "content-type" => "application/json" }, [JSON.generate(body)]]
end

run app
