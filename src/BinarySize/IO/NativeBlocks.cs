using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// Blocks of memory that go back to the system as soon as they are freed. The allocator of the C library would keep most
/// of them, between others that are still in use, and the tables of one stage would add to those of the next.
/// </summary>
internal static unsafe partial class NativeBlocks
{
    /// <summary>Bytes in a block.</summary>
    public const int Size = 128 * 1024;

    // What is more goes the usual way.
    private const int HeapSize = 32 * 1024 * 1024;

    // Of x64, and of arm64 where pages have 4 KiB.
    private const nint LargePage = 2 * 1024 * 1024;

    // A few stay at hand, for archives with thousands of small members.
    private static nint[] s_spare = new nint[8];

    // Linux on every architecture that .NET runs on.
    private const int Read = 1, ReadWrite = 3, Private = 2, PrivateAnonymous = 0x22, Populate = 0x8000, DontNeed = 4, HugePage = 14, PopulateToWrite = 23, CloseOnExec = 0x80000, End = 2, SharedOrNot = 5;

    /// <summary>Freed blocks stay at hand from here on, up to 32 MiB of them: for a process that soon ends, before it has any.</summary>
    public static void KeepFreed() => s_spare = new nint[256];

    /// <summary>
    /// Lets the garbage collector set aside at once what measuring a folder of some hundred files takes, in large pages where
    /// the system has them: taken into use four kilobytes at a time, memory is a tenth of what that costs. For a process that
    /// soon ends.
    /// </summary>
    public static void PrepareHeap()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            if (!GC.TryStartNoGCRegion(HeapSize, disallowFullBlockingGC: true)) return;
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or InvalidOperationException)
        {
            // Somebody gives processes less than that; or it is done already.
            return;
        }
        fixed (byte* first = new byte[1])
        {
            nint page = Environment.SystemPageSize, start = ((nint)first + page - 1) & -page;
            _ = Advise((void*)start, HeapSize, HugePage);
            // Where a first page is in use already, the system has no large one for its neighbours.
            nint large = (start + LargePage - 1) & -LargePage;
            _ = Advise((void*)start, (nuint)(large - start), PopulateToWrite);
        }
    }

    /// <summary>A block of <see cref="Size"/> bytes with any content.</summary>
    /// <param name="isAllUsed">True where it will be filled: its pages then come at once, which costs a fraction of coming one by one.</param>
    public static void* Allocate(bool isAllUsed = false)
    {
        for (int i = 0; i < s_spare.Length; i++)
        {
            if (Interlocked.Exchange(ref s_spare[i], 0) is not 0 and nint spare) return (void*)spare;
        }
        if (!OperatingSystem.IsLinux()) return NativeMemory.Alloc(Size);
        void* block = Map(null, Size, ReadWrite, isAllUsed ? PrivateAnonymous | Populate : PrivateAnonymous, -1, 0);
        return (nint)block == -1 ? throw new InsufficientMemoryException() : block;
    }

    public static void Free(void* block)
    {
        if (block is null) return;
        for (int i = 0; i < s_spare.Length; i++)
        {
            if (Interlocked.CompareExchange(ref s_spare[i], (nint)block, 0) == 0) return;
        }
        if (OperatingSystem.IsLinux()) _ = Unmap(block, Size);
        else NativeMemory.Free(block);
    }

    /// <summary>Takes the pages of a mapping that is backed by a file out of memory's account; reading brings them back. Linux only.</summary>
    public static void Release(void* mapping, long length) => _ = Advise(mapping, (nuint)length, DontNeed);

    /// <summary>Maps a whole file, read-only and until this process ends. Linux only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="atOnce">A file of at most so many bytes is brought into reach at once, not page by page.</param>
    /// <param name="bytes">Where it is.</param>
    /// <param name="length">Bytes in the file.</param>
    /// <returns>False where it can't be mapped: it can't be opened, is locked, empty or no regular file.</returns>
    public static bool TryMapFile(string path, long atOnce, out byte* bytes, out long length)
    {
        bytes = null;
        length = 0;
        int file = Open(path, CloseOnExec);
        if (file < 0) return false;
        // Who writes a file may keep others out in this way, as .NET does: it is not to be read half.
        length = Lock(file, SharedOrNot) == 0 ? Seek(file, 0, End) : 0;
        void* mapped = length > 0 ? Map(null, (nuint)length, Read, length <= atOnce ? Private | Populate : Private, file, 0) : (void*)-1;
        _ = Close(file);
        if ((nint)mapped == -1) return false;
        bytes = (byte*)mapped;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Lock(int file, int operation);

    [LibraryImport("libc", EntryPoint = "lseek")]
    private static partial long Seek(int file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
