using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BinarySize.IO;

/// <summary>How <see cref="FileView.Open"/> brings a file's bytes into reach.</summary>
public enum FileAccessMode
{
    /// <summary>
    /// Map it: nothing is copied. A file that another process truncates meanwhile takes the process down (SIGBUS), so
    /// this is for the command line, where nobody writes what is read.
    /// </summary>
    Map,

    /// <summary>
    /// The same for a process that soon ends: what was read stays in reach, and takes memory, until then. On Linux the system
    /// is asked directly, with a third of the calls that the runtime's own mapping takes a file.
    /// </summary>
    MapAndKeep,

    /// <summary>Read it into native memory: safe beside concurrent writers. For use inside MSBuild.</summary>
    Copy,
}

/// <summary>One file's bytes, read-only. Its length is the one it had when it was opened.</summary>
public sealed unsafe class FileView : IDisposable
{
    // Below this a read is cheaper than a mapping.
    private const long SmallFile = 64 * 1024;

    // Below this it is not worth a call to give memory back.
    private const long LargeFile = 4 * 1024 * 1024;

    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _accessor;
    private void* _native;
    private bool _keeps, _disposed;

    private FileView(string path) => Path = path;

    /// <summary>The path it was opened with, or a name for bytes that came from elsewhere.</summary>
    public string Path { get; }

    /// <summary>All bytes.</summary>
    public ByteView Bytes { get; private set; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length => Bytes.Length;

    /// <summary>Opens <paramref name="path"/>. Throws IOException or UnauthorizedAccessException where it cannot be read.</summary>
    public static FileView Open(string path, FileAccessMode mode = FileAccessMode.Copy)
    {
        // Whatever does not work there says below why.
        if (mode == FileAccessMode.MapAndKeep && OperatingSystem.IsLinux() && NativeBlocks.TryMapFile(path, SmallFile, out byte* mapped, out long bytes))
        {
            return new FileView(path) { Bytes = new ByteView(mapped, bytes), _keeps = true };
        }
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(handle);
        var view = new FileView(path);
        try
        {
            view._keeps = mode == FileAccessMode.MapAndKeep;
            if (mode != FileAccessMode.Copy && length > SmallFile) view.MapFrom(handle, length);
            else view.CopyFrom(handle, length);
            return view;
        }
        catch
        {
            view.Dispose();
            throw;
        }
    }

    /// <summary>A view over a copy of <paramref name="bytes"/>, for decompressed entries and for tests.</summary>
    public static FileView FromBytes(ReadOnlySpan<byte> bytes, string name)
    {
        var view = new FileView(name);
        view.Allocate(bytes.Length);
        bytes.CopyTo(new Span<byte>(view._native, bytes.Length));
        view.Bytes = new ByteView((byte*)view._native, bytes.Length);
        return view;
    }

    /// <summary>
    /// A view over what <paramref name="stream"/> yields, up to <paramref name="limit"/> bytes; further bytes are an error.
    /// </summary>
    public static FileView FromStream(Stream stream, long expected, long limit, string name)
    {
        var view = new FileView(name);
        try
        {
            long capacity = Math.Clamp(expected, 256, limit), used = 0;
            view.Allocate(capacity);
            while (true)
            {
                if (used == capacity)
                {
                    int probe = stream.ReadByte();
                    if (probe < 0) break;
                    if (used >= limit) throw new BadFormatException($"it unpacks to more than {limit} bytes");
                    capacity = Math.Min(limit, capacity * 2);
                    view._native = NativeMemory.Realloc(view._native, (nuint)capacity);
                    ((byte*)view._native)[used++] = (byte)probe;
                    continue;
                }
                int n = stream.Read(new Span<byte>((byte*)view._native + used, (int)Math.Min(capacity - used, 1 << 20)));
                if (n == 0) break;
                used += n;
            }
            view.Bytes = new ByteView((byte*)view._native, used);
            return view;
        }
        catch
        {
            view.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Says that little of it will be read from here on: the pages of a mapped file that are in reach no longer count as
    /// this process's memory. Reading on is as before.
    /// </summary>
    public void Release()
    {
        if (_keeps || _accessor is null || Length < LargeFile || !OperatingSystem.IsLinux()) return;
        NativeBlocks.Release(Bytes.Pointer, Length);
    }

    private void MapFrom(SafeFileHandle handle, long length)
    {
        _map = MemoryMappedFile.CreateFromFile(handle, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _accessor = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* p = null;
        _accessor.SafeMemoryMappedViewHandle.AcquirePointer(ref p);
        Bytes = new ByteView(p + _accessor.PointerOffset, length);
    }

    private void CopyFrom(SafeFileHandle handle, long length)
    {
        Allocate(length);
        long done = 0;
        while (done < length)
        {
            int n = RandomAccess.Read(handle, new Span<byte>((byte*)_native + done, (int)Math.Min(length - done, 1 << 24)), done);
            if (n == 0) break;
            done += n;
        }
        // Shorter than it said: somebody truncated it meanwhile. What was read is what there is.
        Bytes = new ByteView((byte*)_native, done);
    }

    private void Allocate(long length)
    {
        _native = NativeMemory.Alloc((nuint)Math.Max(1, length));
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Bytes = default;
        GC.SuppressFinalize(this);
        // The end of the process gives all mappings back at once, for less.
        if (_keeps && _accessor is not null) return;
        if (_accessor is not null)
        {
            _accessor.SafeMemoryMappedViewHandle.ReleasePointer();
            _accessor.Dispose();
        }
        _map?.Dispose();
        NativeMemory.Free(_native);
        _native = null;
    }

    ~FileView() => NativeMemory.Free(_native);
}
