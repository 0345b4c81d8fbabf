# Shared by all tenants: looks at every tenant's database now and then, as Sidekiq or a backup job would.
require "sqlite3"

DATA = File.expand_path(ENV.fetch("DATA_DIR"), File.expand_path("../../..", __dir__))
$stdout.sync = true
trap("TERM") { puts "jobs: stopping"; exit }

puts "jobs: watching #{File.basename(DATA)}"
loop do
  Dir[File.join(DATA, "*.sqlite3")].sort.each do |file|
    count = SQLite3::Database.new(file, readonly: true).get_first_value("SELECT count(*) FROM guests")
    puts "jobs: #{File.basename(file, ".sqlite3")} has #{count} guests"
  rescue SQLite3::Exception
    next # a database without guests is not the web app's
  end
  sleep 60
end
