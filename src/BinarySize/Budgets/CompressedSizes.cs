using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using BinarySize.Artifacts;
using BinarySize.IO;

namespace BinarySize.Budgets;

/// <summary>
/// Compressed sizes of files, with pinned settings: gzip at level 9, brotli at quality 11 with a window of 22 bits (what
/// static web servers send). Results are kept by content hash, since brotli takes about a second a megabyte.
/// </summary>
public sealed class CompressedSizes
{
    // A cache line: hash, metric, compressed bytes. Old lines go when there are too many.
    private const int MaxLines = 4096;
    private readonly string? _cacheFile;
    private readonly Dictionary<string, long> _known = [];
    private readonly Lock _lock = new();
    private bool _changed;

    /// <param name="cacheFile">Where results are kept; null to keep none.</param>
    public CompressedSizes(string? cacheFile)
    {
        _cacheFile = cacheFile;
        try
        {
            if (cacheFile is null || !File.Exists(cacheFile)) return;
            foreach (string line in File.ReadLines(cacheFile).Take(MaxLines))
            {
                int space = line.LastIndexOf(' ');
                if (space > 0 && long.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long size)) _known[line[..space]] = size;
            }
        }
        catch (IOException)
        {
            // A cache that cannot be read is no cache.
        }
    }

    /// <summary>Compressed bytes of one file. Throws IOException where it cannot be read.</summary>
    public long Of(MeasuredFile file, BudgetMetric metric)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Of(file.FullPath, metric);
    }

    /// <summary>Compressed bytes of the file at <paramref name="path"/>. Throws IOException where it cannot be read.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, of which a large file takes notice too.</exception>
    public long Of(string path, BudgetMetric metric, CancellationToken cancel = default)
    {
        using FileView view = FileView.Open(path);
        using Stream content = view.Bytes.AsStream();
        string key = $"{Convert.ToHexStringLower(SHA256.HashData(content))} {BudgetParser.Name(metric)}";
        lock (_lock)
        {
            if (_known.TryGetValue(key, out long known)) return known;
        }
        content.Position = 0;
        using var counter = new CountingStream();
        using (Stream packer = metric == BudgetMetric.Gzip
            ? new GZipStream(counter, new ZLibCompressionOptions { CompressionLevel = 9 }, leaveOpen: true)
            : new BrotliStream(counter, new BrotliCompressionOptions { Quality = 11 }, leaveOpen: true))
        {
            byte[] block = new byte[1 << 18];
            for (int count; (count = content.Read(block)) > 0; packer.Write(block.AsSpan(0, count))) cancel.ThrowIfCancellationRequested();
        }
        lock (_lock)
        {
            _known[key] = counter.Length;
            _changed = true;
        }
        return counter.Length;
    }

    /// <summary>Writes the cache where something was added. Failing to is no error.</summary>
    public void Save()
    {
        if (_cacheFile is null || !_changed) return;
        try
        {
            var lines = new List<string>();
            lock (_lock)
            {
                foreach ((string name, long size) in _known) lines.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {size}\n"));
            }
            AtomicFile.WriteText(_cacheFile, string.Concat(lines.Skip(lines.Count - MaxLines)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private sealed class CountingStream : Stream
    {
        private long _length;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => _length;
        public override long Position { get => _length; set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => _length += count;
        public override void Write(ReadOnlySpan<byte> buffer) => _length += buffer.Length;
        public override void WriteByte(byte value) => _length++;
    }
}
