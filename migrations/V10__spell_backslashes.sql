-- In the path of a log, a byte that is no text is written as \xFF, and a backslash that would be read so as \x5C. Before, a
-- backslash was one whatever followed: the logs of then are found again at their paths as they are written now.
UPDATE sources SET path = (
    WITH RECURSIVE spelled (text, byte) AS (
        SELECT replace(path, '\x5C', '\x5Cx5C'), 0
        UNION ALL
        SELECT CASE byte
            WHEN 92 THEN text -- done first, as the others add more of them
            ELSE replace(text, format('\x%02X', byte), format('\x5Cx%02X', byte))
        END, byte + 1
        FROM spelled WHERE byte < 256)
    SELECT text FROM spelled WHERE byte = 256)
WHERE path GLOB '*\x[0-9A-F][0-9A-F]*';
