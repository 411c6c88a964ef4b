namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Which part of the native runtime a symbol belongs to, by the beginning of its (mangled) name. The names follow the
/// archives that the compiler package links: the runtime with its garbage collector, the library shims, and what is
/// linked into these.
/// </summary>
internal static class NativeComponents
{
    public const string
        GarbageCollector = "garbage collector", VectorSort = "vectorized sort (vxsort)", Runtime = "runtime core", Platform = "platform layer (PAL)",
        Unwinder = "stack unwinding (libunwind)", Exceptions = "exception handling", EventPipe = "event pipe", SystemNative = "System.Native shim",
        Globalization = "System.Globalization.Native shim", OpenSsl = "OpenSSL shim", Compression = "System.IO.Compression.Native shim",
        NetSecurity = "System.Net.Security.Native shim", Zlib = "zlib", Brotli = "Brotli", Cpp = "C++ runtime", Startup = "C runtime startup",
        Linking = "dynamic linking", UnwindTables = "unwind tables", Constants = "native constants", Data = "native data", Other = "other native code";

    private static readonly (byte[] Prefix, string Component)[] s_prefixes = Sorted(
    [
        (GarbageCollector, "_ZN3WKS _ZNK3WKS _ZTVN3WKS _ZZN3WKS _ZN3SVR _ZNK3SVR _ZTVN3SVR _ZZN3SVR WKS _ZN8GCConfig _ZN6GCHeap _ZN13GCHandleStore _ZN15GCHandleManager _ZTV13GCHandleStore _ZTV15GCHandleManager"
            + " _ZN15IGCHeapInternal _ZN6GCScan _ZN17HandleTableBucket _ZN18SoftwareWriteWatch _ZN13GCToEEInterface _ZN15GCToOSInterface _ZN7GCEvent _ZN13GCEventStatus _ZN16GCToCLREventSink"
            + " _ZTV16GCToCLREventSink _ZN15GCHeapUtilities _ZN13GCHeapAffinit GC_Initialize GC_VersionInfo record_changed_seg GetConvertedGeneration Hnd Block"
            + " ParseIndexOrRange ParseGCHeapAffinitizeRanges CreateGCHandleManager g_gc g_heap g_theGCHeap g_bulk g_write_watch g_card g_ephemeral g_lowest g_highest g_region g_gcToClr"
            + " g_gc g_num_ InitializeGC _ZN13GcInfoDecoder _ZN13GcSlotDecoder _ZN15BitStreamReader EnumGcRef Ref_"),
        (VectorSort, "_ZN6vxsort _ZNK6vxsort _ZTVN6vxsort do_vxsort IsSupportedInstruction InitSupportedInstructionSet mask_table_ perm_table"),
        (Unwinder, "_ZN9libunwind _ZTVN9libunwind _ZNK9libunwind __libunwind _ZN13UnwindHelpers __unw_ unw_ _Unwind_"),
        (Exceptions, "InitializeHardwareExceptionHandling RhpThrow RhpCall RhRethrow RhpRethrow SIGSEGVHandler SIGFPEHandler RhpHardwareExceptionHandler"
            + " RhpRhThrow RhpFailFast RhpFirstChance RhpEH _ZN18StackFrameIterator RhpSfi RhpGetExceptionInfo"),
        (Runtime, "Rh __security_cookie _ZN6Thread _ZN11ThreadStore _ZN11TypeManager _ZN17TypeManagerHandle _ZN15RuntimeInstance _ZN8RhConfig _ZN9ObjHeader _ZN6Object _ZN5Array _ZN18RestrictedCallouts _ZN9StressLog _ZN15ThreadStressLog"
            + " _ZN9SyncClean _ZN10CrstStatic _ZN18YieldProcessor _ZN26YieldProcessor _ZN27YieldProcessor _ZN9AllocHeap _ZN11MethodTable _ZN14CLREventStatic _ZN5Event _ZN4Crst _ZN10CrstHolder GetRuntimeInstance"
            + " GetCurrentThread GetThreadStore RuntimeThreadShutdown ReturnFrom RegisterCodeManager RegisterUnboxing FinalizerStart main ReclaimUnused InitializeInterfaceDispatch"
            + " DotNetRuntimeDebugHeader PopulateDebugHeaders g_pRhConfig g_runtime _ZN15EECodeManager _ZN12EETypeHash t_ tls_ _ZN17InterfaceDispatch"),
        (Platform, "Pal _ZN9UnixEvent _ZN15EventUnixHandle _ZTV15EventUnixHandle _ZN14UnixHandleBase _ZN10UnixHandle _ZTV10UnixHandle _ZN12UNIX_CONTEXT _ZN21UnixNativeCodeManager _ZTV21UnixNativeCodeManager _ZN6CGroup"
            + " _ZN18CLRCriticalSection minipal_ RaiseFailFastException CloseHandle GetCurrentProcess GetCurrentThread DuplicateHandle InitializeCriticalSection DeleteCriticalSection EnterCriticalSection LeaveCriticalSection"
            + " SetEvent ResetEvent GetEnvironmentVariableA WaitForSingleObjectEx _stricmp PopulateControlSegmentRegisters FlushProcessWriteBuffers GetSystemTimeAsFileTime NUMASupportInitialize BindMemoryPolicy"
            + " GetNumaNodeNumByCpu g_cgroup g_numa GetCpuLimit InitializeCpuCGroup"),
        (EventPipe, "EventPipe RhEventPipeInternal_ EventPipeInternal_ NativeRuntimeEventSource EventTracing_ FireEtw InitDotNETRuntime DotNETRuntime ep_ ds_ aot_ipc config_ provider_ _ep_rt _ep_ _ds_ dn_ _dn_ DiagnosticServer MICROSOFT_WINDOWS_DOTNETRUNTIME"
            + " RuntimeEventsource_ _ZN3ETW _ZN11ProfHeapWalk quiet_linker_empty_file_warning EventEnabled DiagnosticServer_"),
        (SystemNative, "SystemNative_ InitializeTerminalAndSignalHandling InitializeTerminal UninitializeTerminal ReinitializeTerminal InstallTTOUHandler UninstallTTOUHandler g_config_specified"),
        (Globalization, "GlobalizationNative_ UErrorCodeToBool GetLocale FixupLocaleName CreateCustomizedRules u_ ucal_ ucol_ ucurr_ udat_ udatpg_ uenum_ uidna_ uldn_ uloc_ ulocdata_ unorm2_ unum_ ures_ usearch_ utf8_ isIcu"),
        (OpenSsl, "CryptoNative_ InitializeOpenSSLShim local_ g_x509 g_ssl g_bio g_ex SSL_ EVP_ X509_ ASN1_ BIO_ BN_ RSA_ EC_ DSA_ HMAC_ ERR_ OPENSSL_ CRYPTO_ OBJ_ OCSP_ PKCS PEM_ RAND_ TLS_ DH_ d2i_ i2d_ GENERAL_ sk_ a2d_ i2a_"),
        (NetSecurity, "NetSecurityNative_ gss_ GSS_ krb5_ _gss"),
        (Compression, "CompressionNative_"),
        (Zlib, "deflate inflate zng_ adler32 crc32 zlib compress2 uncompress gz functable_ longest_match insert_string slide_hash chunkmemset compare256 fill_window zError zcalloc zcfree cpu_has x86_ _tr_ quick_insert update_hash z_errmsg z_"),
        (Brotli, "Brotli _Brotli kBrotli _kBrotli"),
        (Cpp, "_Zn _Zd _ZSt __cxa_ __gxx_ _ZNSt _ZTVN10__cxxabi _ZTISt _ZTSSt __clang_call_terminate __stack_chk"),
        (Startup, "_start _init _fini _IO_stdin_used __dso_handle __libc_csu_ deregister_tm_clones register_tm_clones __do_global_dtors_aux frame_dummy completed. atexit at_quick_exit __data_start data_start __stat __fstat __lstat"
            + " stat64 fstat64 lstat64 __FRAME_END__ _dl_relocate_static_pie"),
    ]);

    /// <summary>The component of a symbol; null where its name does not tell.</summary>
    public static string? Find(ReadOnlySpan<byte> symbol)
    {
        if (FindPrefix(symbol) is { } found) return found;
        // A function of C++ outside of namespaces: _Z, the length of its name, the name.
        if (!symbol.StartsWith("_Z"u8)) return null;
        ReadOnlySpan<byte> name = symbol[(symbol.StartsWith("_ZL"u8) ? 3 : 2)..].TrimStart("0123456789"u8);
        return name.IsEmpty || name.Length >= symbol.Length - 2 ? null : FindPrefix(name);
    }

    private static string? FindPrefix(ReadOnlySpan<byte> symbol)
    {
        // Longest first, so that the first hit is the best one.
        foreach ((byte[] prefix, string component) in s_prefixes)
        {
            if (symbol.StartsWith(prefix)) return component;
        }
        return null;
    }

    private static (byte[], string)[] Sorted((string Component, string Prefixes)[] table)
    {
        var all = new List<(byte[] Prefix, string Component)>();
        foreach ((string component, string prefixes) in table)
        {
            foreach (string prefix in prefixes.Split(' ', StringSplitOptions.RemoveEmptyEntries)) all.Add((System.Text.Encoding.ASCII.GetBytes(prefix), component));
        }
        all.Sort((a, b) => b.Prefix.Length - a.Prefix.Length);
        return [.. all];
    }
}
